//! Settings as a TOML file.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{RUN_FORMAT, RunError};
use crate::program::Schema;
use crate::search::SearchSettings;

/// The content of a configuration file. Whatever it leaves out has its default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// The version of run directories, [`RUN_FORMAT`].
    pub format: u32,
    /// The search's settings.
    pub search: SearchSettings,
}

impl Default for RunConfig {
    fn default() -> Self {
        Self {
            format: RUN_FORMAT,
            search: SearchSettings::default(),
        }
    }
}

/// All that is read of a file before it is known to be of a version that can be read.
#[derive(Deserialize)]
struct Format {
    format: Option<u32>,
}

/// Reads a configuration file. What it leaves out has the default of its schema, or of `schema` if it names
/// none.
///
/// # Errors
/// [`RunError`] if it cannot be read, is of a newer version, or is no configuration.
pub fn load_config(path: &Path, schema: Option<Schema>) -> Result<RunConfig, RunError> {
    load(path, |config, given, names_schema| {
        let schema = if names_schema {
            config.search.schema().ok()
        } else {
            schema
        };
        let Some(schema) = schema else {
            return Ok(config);
        };
        let mut merged = toml::Table::try_from(RunConfig::of(schema)).unwrap_or_default();
        merge(&mut merged, given);
        merged.try_into()
    })
}

/// Reads the configuration that a run has written, which leaves nothing out but what is empty.
///
/// # Errors
/// As [`load_config`].
pub(super) fn load_own_config(path: &Path) -> Result<RunConfig, RunError> {
    load(path, |config, _, _| Ok(config))
}

/// Reads a file, lets `complete` fill in what it leaves out, and checks what comes out.
fn load(
    path: &Path,
    complete: impl FnOnce(RunConfig, toml::Table, bool) -> Result<RunConfig, toml::de::Error>,
) -> Result<RunConfig, RunError> {
    let text = fs::read_to_string(path).map_err(|source| RunError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let invalid = |error: toml::de::Error| RunError::Config {
        path: path.to_owned(),
        message: error.to_string().trim_end().to_owned(),
    };
    let Format { format } = toml::from_str(&text).map_err(invalid)?;
    if let Some(found) = format.filter(|&found| found > RUN_FORMAT) {
        let path = path.to_owned();
        return Err(RunError::Newer { path, found });
    }
    // The first reading tells what is wrong with the file, and where.
    let config: RunConfig = toml::from_str(&text).map_err(invalid)?;
    let given: toml::Table = toml::from_str(&text).map_err(invalid)?;
    let names_schema = given
        .get("search")
        .is_some_and(|search| search.get("schema").is_some());
    let config = complete(config, given, names_schema).map_err(invalid)?;
    config.search.validate().map_err(|error| RunError::Config {
        path: path.to_owned(),
        message: error.to_string(),
    })?;
    Ok(config)
}

/// Puts what is given in the place of defaults, setting by setting.
fn merge(defaults: &mut toml::Table, given: toml::Table) {
    for (key, value) in given {
        match (defaults.get_mut(&key), value) {
            (Some(toml::Value::Table(defaults)), toml::Value::Table(given)) => {
                merge(defaults, given);
            }
            (_, value) => {
                defaults.insert(key, value);
            }
        }
    }
}

impl RunConfig {
    /// The defaults for programs of a schema.
    #[must_use]
    pub fn of(schema: Schema) -> Self {
        Self {
            format: RUN_FORMAT,
            search: (schema.description().judging.defaults)(),
        }
    }

    /// The file's text.
    ///
    /// # Panics
    /// Never: every setting has a form in TOML.
    #[must_use]
    pub fn to_text(&self) -> String {
        let body = match toml::to_string(self) {
            Ok(body) => body,
            Err(error) => panic!("settings must have a form in TOML: {error}"),
        };
        format!(
            "# The settings of an mlevolve run; `mlevolve evolve --config FILE` makes it again.\n{body}"
        )
    }

    /// The first setting in which `self` differs from `other`, in words; the back end aside, which
    /// changes no result.
    #[must_use]
    pub fn difference(&self, other: &Self) -> Option<String> {
        let mut other = other.clone();
        other.search.backend = self.search.backend;
        // Not as TOML, whose integers do not hold every seed.
        let own = serde_json::to_value(self).unwrap_or_default();
        let other = serde_json::to_value(other).unwrap_or_default();
        first_difference("", &own, &other)
    }
}

fn first_difference(path: &str, own: &Value, other: &Value) -> Option<String> {
    match (own, other) {
        (Value::Object(own), Value::Object(other)) => own.iter().find_map(|(key, value)| {
            let separator = if path.is_empty() { "" } else { "." };
            let path = format!("{path}{separator}{key}");
            first_difference(&path, value, other.get(key).unwrap_or(&Value::Null))
        }),
        _ if own == other => None,
        _ => Some(format!("{path} is now {other} instead of {own}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_setting() {
        let first = RunConfig::default();
        let mut second = first.clone();
        assert_eq!(first.difference(&second), None);
        let large = RunConfig {
            search: SearchSettings {
                seed: u64::MAX,
                ..SearchSettings::default()
            },
            ..RunConfig::default()
        };
        assert_eq!(
            large.difference(&first).unwrap(),
            "search.seed is now 1 instead of 18446744073709551615"
        );
        second.search.variation.mutation_weights.swap = 2.0;
        assert_eq!(
            first.difference(&second).unwrap(),
            "search.variation.mutation_weights.swap is now 2.0 instead of 0.5"
        );
    }

    #[test]
    fn text_round_trips_and_errors_name_the_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        fs::write(&path, RunConfig::default().to_text()).unwrap();
        assert_eq!(load_config(&path, None).unwrap(), RunConfig::default());
        for (text, expected) in [
            ("[search]\nseed = 'x'", "line 2, column 8"),
            (
                "[search]\ngenerations = 1\nsede = 2",
                "unknown field `sede`",
            ),
            ("format = 99\n[other]", "has format 99"),
            ("[search]\npopulation = 0", "population must be from 2 to"),
            ("[search", "line 1"),
        ] {
            fs::write(&path, text).unwrap();
            let message = load_config(&path, None).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
            assert!(message.contains("config.toml"), "{message}");
        }
    }
}
