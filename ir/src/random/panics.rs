//! Panics as findings.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread's panics are caught.
    static IS_CATCHING: Cell<bool> = const { Cell::new(false) };
    /// What the last of them said, and where.
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What `work` gives, or what it says when it panics. Nothing is printed then, and a fuzzer's hook,
/// which would end the process, does not see it.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let former = take_hook();
        set_hook(Box::new(move |panic| {
            if IS_CATCHING.get() {
                MESSAGE.replace(panic.to_string());
            } else {
                former(panic);
            }
        }));
    });
    let was_catching = IS_CATCHING.replace(true);
    // What is half done is thrown away.
    let done = catch_unwind(AssertUnwindSafe(work));
    IS_CATCHING.set(was_catching);
    done.map_err(|_| MESSAGE.take())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_told() {
        assert_eq!(caught(|| 1), Ok(1));
        let message = caught(|| panic!("it is {}", 2)).err();
        assert!(message.is_some_and(|message| message.contains("it is 2")));
    }
}
