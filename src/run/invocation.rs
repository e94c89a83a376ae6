//! Commands that a user can type, for messages that say what to do next.

use std::env;
use std::path::Path;

/// A command of this program, called as it was called this time, with a path as argument.
///
/// Under `cargo run`, which tells its processes so, that is `cargo run --release -- …`.
pub(crate) fn command(words: &str, path: &Path) -> String {
    let program = if env::var_os("CARGO").is_some() {
        "cargo run --release --".to_owned()
    } else {
        let name = env::args_os().next().unwrap_or_else(|| "mlevolve".into());
        quoted(Path::new(&name))
    };
    format!("{program} {words} {}", quoted(path))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    // A path with a zero byte does not exist, and has no quoted form.
    let quoted = shlex::try_quote(&path).map(std::borrow::Cow::into_owned);
    quoted.unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted(Path::new("runs/seed-1")), "runs/seed-1");
        assert_eq!(quoted(Path::new("my runs/it's")), "\"my runs/it's\"");
        assert!(command("replay", Path::new("a b")).ends_with(" replay 'a b'"));
    }
}
