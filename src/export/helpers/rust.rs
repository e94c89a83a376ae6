// Functions that exported Rust code calls. Not part of any crate: each is copied into the exports that need it.
