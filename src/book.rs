//! The Rust of the book, compiled and run as tests of the documentation. What else the book has, `tests/integration/book/` runs.

/// A place for a chapter's code.
macro_rules! chapters {
    ($($name:ident: $path:literal),* $(,)?) => {
        $(
            #[doc = include_str!($path)]
            mod $name {}
        )*
    };
}

chapters! {
    own_task: "../docs/src/own-task.md",
    semantics: "../docs/src/semantics.md",
}
