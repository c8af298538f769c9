//! `--config`: settings from a TOML or JSON file, or from a report, which makes the same again.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use glyptic::format::Format;
use glyptic::pipeline::Output;
use glyptic::report::{InputFile, OutputFile, Role};
use glyptic::{Error, Result, Settings};
use serde::Deserialize;

/// A settings file has some kilobytes; anything above this is not one, and is not read to its end.
const LARGEST_FILE: u64 = 16 << 20;

/// What a settings file says.
#[derive(Debug, Default)]
pub(crate) struct Config {
    pub(crate) settings: Settings,
    /// The job, where the file is a report.
    pub(crate) job: Option<Job>,
}

/// The job that a report tells of.
#[derive(Debug)]
pub(crate) struct Job {
    /// The photo first.
    pub(crate) inputs: Vec<InputFile>,
    pub(crate) outputs: Vec<Output>,
}

impl Job {
    /// The photo that was etched.
    pub(crate) fn photo(&self) -> Option<PathBuf> {
        let photo = self.inputs.iter().find(|input| input.role == Role::Photo);
        photo.map(|input| input.path.clone())
    }
}

/// What is read of a report; its measurements have no say in the next job.
#[derive(Deserialize)]
struct Recorded {
    settings: Settings,
    #[serde(default)]
    inputs: Vec<InputFile>,
    #[serde(default)]
    outputs: Vec<OutputFile>,
}

/// Reads a settings file or a report.
pub(crate) fn read(path: &Path) -> Result<Config> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    let file = File::open(path).map_err(failed)?;
    file.take(LARGEST_FILE + 1)
        .read_to_string(&mut text)
        .map_err(failed)?;
    if text.len() as u64 > LARGEST_FILE {
        let problem = format!("is larger than {LARGEST_FILE} bytes, which no settings file is");
        return Err(Error::content(
            path,
            problem,
            "give a TOML file, a JSON file or a report",
        ));
    }
    // A TOML file cannot start with a brace.
    if text.trim_start().starts_with('{') {
        from_json(&text, path)
    } else {
        let settings = toml::from_str(&text).map_err(|error| toml_fault(&error, &text, path))?;
        Ok(Config {
            settings,
            job: None,
        })
    }
}

fn from_json(text: &str, path: &Path) -> Result<Config> {
    let fault = |error: serde_json::Error| {
        let remedy = "see `glyptic schema` for the keys of a report";
        Error::content(path, one_line(&error.to_string()), remedy)
    };
    let value: serde_json::Value = serde_json::from_str(text).map_err(fault)?;
    if value.get("settings").is_none() {
        let settings = serde_json::from_value(value).map_err(fault)?;
        return Ok(Config {
            settings,
            job: None,
        });
    }
    let recorded: Recorded = serde_json::from_value(value).map_err(fault)?;
    let written = &recorded.settings.output;
    let output = |file: OutputFile| {
        let format = Format::from_name(&file.format, written.dxf_dialect, written.ply_ascii)?;
        Ok(Output {
            path: file.part_of.unwrap_or(file.path),
            format,
        })
    };
    let mut outputs = recorded
        .outputs
        .into_iter()
        .map(output)
        .collect::<Result<Vec<_>>>()?;
    // The parts of a job for a small field belong to one output.
    outputs.dedup();
    Ok(Config {
        settings: recorded.settings,
        job: Some(Job {
            inputs: recorded.inputs,
            outputs,
        }),
    })
}

fn toml_fault(error: &toml::de::Error, text: &str, path: &Path) -> Error {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| 1 + before.matches('\n').count());
    let problem = format!("line {line}: {}", one_line(error.message()));
    Error::content(
        path,
        problem,
        "see the settings in a report of `glyptic etch --report`",
    )
}

/// The libraries' messages may have several lines; ours have one.
fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn read_text(text: &str) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings");
        fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn settings_survive_both_languages() {
        let mut settings = Settings::default();
        settings.sampling.points = Some(1000);
        settings.depth.source = glyptic::settings::DepthSource::File("a.png".into());
        let toml = toml::to_string(&settings).unwrap();
        let json = serde_json::to_string(&settings).unwrap();
        for text in [toml, json] {
            assert_eq!(read_text(&text).unwrap().settings, settings, "{text}");
        }
        assert_eq!(read_text("").unwrap().settings, Settings::default());
    }

    #[test]
    fn faults_are_one_line_that_names_the_place() {
        for (text, part) in [
            ("[tone]\ntonning = 1.8", "line 2: unknown field `tonning`"),
            ("[blank]\nmargin_mm = nan", "finite"),
            ("blank = 3", "line 1"),
            ("[tone", "line 1"),
            ("{\"tone\": {\"mode\": \"loud\"}}", "unknown variant `loud`"),
            ("{", "EOF"),
            ("{\"settings\": {}, \"outputs\": [1]}", "invalid type"),
        ] {
            let line = read_text(text).unwrap_err().to_string();
            assert!(
                line.contains(part) && !line.contains('\n'),
                "{text}: {line}"
            );
        }
    }
}
