//! The programs on the page as code for elsewhere, packed: exports of one program take more room than all else that the page says of it,
//! but those of many are alike, and few are looked at.
//!
//! ```text
//!   programs ──export──► target ► candidate ► text, as JSON ──gzip, base64──► the page, which unpacks it when it is asked for one
//! ```

use std::collections::BTreeMap;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::export::{Target, export};
use crate::program::Program;

/// Of how many programs there are exports at most.
const MOST_EXPORTED: usize = 100;

/// The exports of some programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Exports {
    /// What the programs are there as, but for their own text.
    pub(crate) targets: Vec<&'static str>,
    /// The candidates whose programs are there.
    pub(crate) candidates: Vec<u64>,
    /// Texts by target and candidate: JSON, compressed by gzip, as base64.
    pub(crate) packed: String,
}

/// The exports of these candidates' programs, of the first ones if there are very many.
pub(super) fn exported(
    candidates: impl IntoIterator<Item = u64>,
    programs: &BTreeMap<u64, String>,
) -> Exports {
    let mut exported = Vec::new();
    // Texts of one target stand together, since they are the most alike.
    let mut texts: Vec<(&'static str, BTreeMap<u64, String>)> = Vec::new();
    for id in candidates.into_iter().take(MOST_EXPORTED) {
        let program = programs.get(&id).map(|text| Program::parse(text));
        let Some(Ok(program)) = program else { continue };
        exported.push(id);
        for target in Target::all().filter(|&target| target != Target::Text) {
            let Ok(text) = export(&program, target) else {
                continue;
            };
            match texts.iter_mut().find(|(name, _)| *name == target.name()) {
                Some((_, of_target)) => {
                    of_target.insert(id, text);
                }
                None => texts.push((target.name(), BTreeMap::from([(id, text)]))),
            }
        }
    }
    let by_target: BTreeMap<_, _> = texts.iter().map(|(name, texts)| (name, texts)).collect();
    let text = serde_json::to_string(&by_target).expect("texts by names are JSON");
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    let packed = packer
        .write_all(text.as_bytes())
        .and_then(|()| packer.finish());
    Exports {
        targets: texts.iter().map(|(name, _)| *name).collect(),
        candidates: exported,
        packed: STANDARD.encode(packed.expect("memory takes what is written")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use serde_json::Value;

    use super::*;
    use crate::program::known;

    fn unpacked(exports: &Exports) -> Value {
        let bytes = STANDARD.decode(&exports.packed).unwrap();
        let mut text = String::new();
        GzDecoder::new(&bytes[..])
            .read_to_string(&mut text)
            .unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn every_program_is_there_as_everything_that_it_can_be() {
        let names = ["adam", "linear_regression"];
        let programs = names.map(|name| known::find(name).unwrap().program().unwrap());
        let texts: BTreeMap<u64, String> =
            (3..).zip(programs.iter().map(Program::to_string)).collect();
        let exports = exported([4, 3, 9], &texts);
        assert_eq!(exports.candidates, [4, 3], "there is no candidate 9");
        assert_eq!(exports.targets.len(), Target::all().count() - 1);
        let unpacked = unpacked(&exports);
        for target in Target::all().filter(|&target| target != Target::Text) {
            for (id, program) in ["3", "4"].iter().zip(&programs) {
                let expected = export(program, target).map_or(Value::Null, Value::from);
                assert_eq!(unpacked[target.name()][id], expected, "{target}");
            }
        }
    }

    #[test]
    fn very_many_programs_take_bounded_room() {
        let text = known::find("adam").unwrap().program().unwrap().to_string();
        let programs: BTreeMap<u64, String> = (0..1_000).map(|id| (id, text.clone())).collect();
        let exports = exported(0..1_000, &programs);
        assert_eq!(exports.candidates.len(), MOST_EXPORTED);
        // As they are, they have 20 kB each.
        assert!(
            exports.packed.len() < 500 * MOST_EXPORTED,
            "{}",
            exports.packed.len()
        );
    }
}
