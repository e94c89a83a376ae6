//! The page: what happened in a search and what came out of it, in one file that a browser shows.
//!
//! A report in text says what was found. To believe it, a person wants to see curves, where the program comes from, and what
//! else there was; without installing anything, and without a network.
//!
//! ```text
//!   a run's files ────collected──► PageData ───JSON──┐
//!   a batch's files ──collected──► BatchData ──JSON──┤
//!   frame.html, page.css, frame.js, charts.js, … ────┴──► report.html
//! ```
//!
//! The page holds summaries of bounded size only ([`data`]); what is drawn from them, the script in it draws. The scripts and
//! the style are files of their own here, compiled in. But for the time that the search took, and the paths in its commands, the
//! page is the same for the same settings.

mod batch;
mod collect;
mod comparisons;
mod data;
mod exports;

use std::path::Path;

use mlevolve_ir::BackendChoice;
use serde::Serialize;

use self::collect::collected;
use super::session::Judges;
use super::{RunCurves, RunDirectory, RunError, RunResult, checkpoint, write_whole};

/// The file's name in the run directory.
pub const PAGE_FILE: &str = "report.html";

const FRAME: &str = include_str!("frame.html");
const STYLE: &str = include_str!("page.css");
/// What every page has, in the order in which they need each other.
const SCRIPTS: [&str; 3] = [
    include_str!("frame.js"),
    include_str!("charts.js"),
    include_str!("tables.js"),
];

/// What is in the frame, and what draws it.
struct Kind {
    content: &'static str,
    scripts: &'static [&'static str],
}

const OF_RUN: Kind = Kind {
    content: include_str!("page.html"),
    scripts: &[
        include_str!("lineage.js"),
        include_str!("explanation.js"),
        include_str!("page.js"),
    ],
};

const OF_BATCH: Kind = Kind {
    content: include_str!("batch.html"),
    scripts: &[include_str!("batch.js")],
};

/// Makes the page of a batch whose runs have been summed up, and writes it to a file. The runs' own pages are a click away.
///
/// # Errors
/// [`RunError`] if there is no summary, files of its runs are gone or damaged, or the page cannot be written.
pub fn write_batch_page(path: &Path, output: &Path) -> Result<(), RunError> {
    let data = batch::collected(path, output)?;
    let title = format!(
        "{} searches: {} on {}",
        data.runs.len(),
        data.schema,
        data.suite
    );
    write_assembled(&OF_BATCH, &title, &data, output)
}

/// Makes the page of a run, which may be going on, and writes it to a file. If the run has no report yet, its best program is
/// judged beside known ones first, which takes a while, and leaves no trace in the directory.
///
/// # Errors
/// [`RunError`] if there is no run, its files are damaged, nothing has trained yet, its tasks cannot be made, or the page
/// cannot be written.
pub fn write_page(path: &Path, output: &Path, backend: BackendChoice) -> Result<(), RunError> {
    RunDirectory::expect(path)?;
    let recorded = RunResult::load(&path.join("result.json"))?;
    let (judges, result, curves) = match recorded {
        Some(result) => {
            let judges = Judges::new(path, &result.settings)?;
            let curves = RunCurves::load(&path.join("curves.json"), &result)?;
            (judges, result, curves)
        }
        None => {
            let (mut search, _) = checkpoint::load(path)?;
            search.settings.backend.0 = backend;
            let judges = Judges::new(path, search.settings())?;
            let result = RunResult::of(path, &search, &judges)?;
            let curves = RunCurves::of(&result);
            (judges, result, Some(curves))
        }
    };
    written(path, output, &judges, &result, curves.as_ref())
}

/// Makes the page of a run with these figures and curves, and writes it to a file.
pub(super) fn written(
    path: &Path,
    output: &Path,
    judges: &Judges,
    result: &RunResult,
    curves: Option<&RunCurves>,
) -> Result<(), RunError> {
    let data = collected(path, judges, result, curves)?;
    let title = format!("{}: {} on {}", data.best.name, data.schema, data.suite);
    write_assembled(&OF_RUN, &title, &data, output)
}

/// Writes a page with this title around these data.
fn write_assembled(
    kind: &Kind,
    title: &str,
    data: &impl Serialize,
    output: &Path,
) -> Result<(), RunError> {
    let data = embedded(data).map_err(|error| RunError::Unwritable {
        path: output.to_owned(),
        source: error.into(),
    })?;
    write_whole(output, assembled(kind, title, data).as_bytes())
}

/// The page with this title around these data.
fn assembled(kind: &Kind, title: &str, data: String) -> String {
    let parts = [
        ("{{title}}", escaped(title)),
        ("{{style}}", STYLE.to_owned()),
        ("{{content}}", kind.content.to_owned()),
        ("{{data}}", data),
        ("{{script}}", [&SCRIPTS, kind.scripts].concat().join("\n")),
    ];
    // Part by part from the left, so that nothing in a part is taken for a place of another.
    let mut text = String::new();
    let mut rest = FRAME;
    for (place, part) in parts {
        let (before, after) = rest.split_once(place).unwrap_or((rest, ""));
        text += before;
        text += &part;
        rest = after;
    }
    text + rest
}

/// As JSON that ends no script: a browser looks for the end of one before it looks at what is in it.
fn embedded(data: &impl Serialize) -> Result<String, serde_json::Error> {
    // Inside JSON, `<` is in strings only, where it may be written this way.
    Ok(serde_json::to_string(data)?.replace('<', "\\u003c"))
}

/// As text in HTML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_the_data_is_taken_for_a_part_of_the_page() {
        let hostile = "</script><script>{{script}} {{title}} <!-- \u{2028} \"";
        let text = assembled(&OF_RUN, "a < b & {{data}}", embedded(&[hostile]).unwrap());
        assert!(text.contains("<title>a &lt; b &amp; {{data}}</title>"));
        assert_eq!(text.matches("</script>").count(), 3);
        let (_, rest) = text.split_once(r#"id="data">"#).unwrap();
        let (data, _) = rest.split_once("</script>").unwrap();
        assert_eq!(
            serde_json::from_str::<[String; 1]>(data).unwrap(),
            [hostile]
        );
        assert!(text.trim_end().ends_with("</html>"));
    }

    /// What could make a browser ask for anything: the page works where there is no network.
    #[test]
    fn the_page_asks_for_nothing() {
        for kind in [OF_RUN, OF_BATCH] {
            let text = assembled(&kind, "title", "{}".to_owned());
            for word in [
                "http", "//cdn", "@import", "src=", "url(\"", "fetch(", "import ",
            ] {
                assert!(!text.contains(word), "{word}");
            }
            for place in [
                "{{title}}",
                "{{style}}",
                "{{content}}",
                "{{data}}",
                "{{script}}",
            ] {
                assert_eq!(FRAME.matches(place).count(), 1, "{place}");
                assert!(!text.contains(place), "{place}");
            }
            // Each is as it stands in its file.
            for script in SCRIPTS.iter().chain(kind.scripts) {
                assert!(!script.contains("</script") && text.contains(script));
            }
        }
    }
}
