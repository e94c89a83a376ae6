//! The files of a run: whatever they hold, there is an answer.

use std::fs;
use std::path::Path;

use mlevolve::run::{RUN_FORMAT, RunConfig, Session, load_config};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::programs::descend;
use crate::{Draws, assert_displays};

/// A configuration is refused, or can be written, read back the same, and worked with.
pub fn check_config(bytes: &[u8]) {
    let directory = directory();
    let path = directory.path().join("config.toml");
    write(&path, bytes);
    let config = match load_config(&path, None) {
        Ok(config) => config,
        Err(error) => return assert_displays(&error),
    };
    assert_eq!(config.search.validate(), Ok(()));
    let text = config.to_text();
    write(&path, text.as_bytes());
    let again = load_config(&path, None).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(again, config, "{text}");
    assert_eq!(again.difference(&config), None, "{text}");
    let schema = config
        .search
        .schema()
        .expect("valid settings name a schema");
    let _ = descend(schema, &config.search.variation, &mut Draws::new(bytes));
}

/// A checkpoint is refused, or taken up. No bytes that a fuzzer thinks of have the checksum that their
/// header says, so they stand for the content too, under a header that is right.
pub fn check_checkpoint(bytes: &[u8]) {
    let directory = directory();
    let config = RunConfig::default().to_text();
    write(&directory.path().join("config.toml"), config.as_bytes());
    for content in [bytes, &with_header(bytes)] {
        write(&directory.path().join("checkpoint.json"), content);
        match Session::resume(directory.path(), |config| Ok(config.clone())) {
            Ok(session) => assert_eq!(session.search().settings().validate(), Ok(())),
            Err(error) => assert_displays(&error),
        }
    }
}

/// A checkpoint with this body.
fn with_header(body: &[u8]) -> Vec<u8> {
    let body = body.strip_suffix(b"\n").unwrap_or(body);
    let digest = Sha256::digest(body);
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let bytes = body.len();
    let header = format!("{{\"format\":{RUN_FORMAT},\"bytes\":{bytes},\"sha256\":\"{digest}\"}}\n");
    [header.as_bytes(), body, b"\n"].concat()
}

fn directory() -> TempDir {
    tempfile::tempdir().expect("there must be room for temporary files")
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("there must be room for temporary files");
}
