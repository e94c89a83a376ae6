//! The page: what happened in a search and what came out of it, in one file that a browser shows.
//!
//! A report in text says what was found. To believe it, a person wants to see curves, where the program comes from, and what
//! else there was; without installing anything, and without a network.
//!
//! ```text
//!   a run's files ──collected──► PageData ──JSON──┐
//!   page.html, page.css, charts.js, …, page.js ───┴──► report.html
//! ```
//!
//! The page holds summaries of bounded size only ([`data`]); what is drawn from them, the script in it draws. The scripts and
//! the style are files of their own here, compiled in. But for the time that the search took, and the paths in its commands, the
//! page is the same for the same settings.

mod collect;
mod comparisons;
mod data;

use std::path::Path;

use mlevolve_ir::BackendChoice;
use serde::Serialize;

use self::collect::collected;
use self::data::PageData;
use super::session::Judges;
use super::{RunCurves, RunDirectory, RunError, RunResult, checkpoint, write_whole};

/// The file's name in the run directory.
pub const PAGE_FILE: &str = "report.html";

const TEMPLATE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
/// In the order in which they need each other.
const SCRIPTS: [&str; 5] = [
    include_str!("charts.js"),
    include_str!("lineage.js"),
    include_str!("tables.js"),
    include_str!("explanation.js"),
    include_str!("page.js"),
];

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
    let text = page(&data).map_err(|error| RunError::Unwritable {
        path: output.to_owned(),
        source: error.into(),
    })?;
    write_whole(output, text.as_bytes())
}

/// The page's text.
fn page(data: &PageData) -> Result<String, serde_json::Error> {
    let title = format!("{}: {} on {}", data.best.name, data.schema, data.suite);
    Ok(assembled(&title, embedded(data)?))
}

/// The page with this title around these data.
fn assembled(title: &str, data: String) -> String {
    let parts = [
        ("{{title}}", escaped(title)),
        ("{{style}}", STYLE.to_owned()),
        ("{{data}}", data),
        ("{{script}}", SCRIPTS.join("\n")),
    ];
    // Part by part from the left, so that nothing in a part is taken for a place of another.
    let mut text = String::new();
    let mut rest = TEMPLATE;
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
        let text = assembled("a < b & {{data}}", embedded(&[hostile]).unwrap());
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
        let text = assembled("title", "{}".to_owned());
        for word in [
            "http", "//cdn", "@import", "src=", "url(\"", "fetch(", "import ",
        ] {
            assert!(!text.contains(word), "{word}");
        }
        for place in ["{{title}}", "{{style}}", "{{data}}", "{{script}}"] {
            assert_eq!(TEMPLATE.matches(place).count(), 1, "{place}");
            assert!(!text.contains(place), "{place}");
        }
        // Each is as it stands in its file.
        for script in SCRIPTS {
            assert!(!script.contains("</script") && text.contains(script));
        }
    }
}
