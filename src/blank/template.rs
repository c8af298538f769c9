//! Cockpit3D's blanks: a `.template` text beside an OBJ mesh.
//!
//! Lines of keywords, each followed by a line with its values: `SIZE` / `125 110 47`. The mesh is
//! scaled per axis to SIZE and centred, then moved by OFFSET. What BORDER and BEVEL mean is not
//! documented; they are taken as the room to keep free along x, y, z, and as the width of the bevel
//! through which the beam must not enter. Both can only take room away.

use std::path::{Path, PathBuf};

/// What a template says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Template {
    /// Width, height, thickness, mm.
    pub(super) size_mm: [f64; 3],
    /// Shift of the mesh, mm.
    pub(super) offset_mm: [f64; 3],
    /// Name of the mesh, without a folder or an extension.
    pub(super) geometry: Option<String>,
    /// Room to keep free along each axis, mm.
    pub(super) border_mm: Option<[f64; 3]>,
    /// Width of the bevel, mm.
    pub(super) bevel_mm: f64,
}

impl Template {
    /// Reads a template, or says what is wrong with which line.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut template = Self {
            size_mm: [f64::NAN; 3],
            offset_mm: [0.0; 3],
            geometry: None,
            border_mm: None,
            bevel_mm: 0.0,
        };
        let mut lines = (1..).zip(text.trim_start_matches('\u{feff}').lines());
        while let Some((number, line)) = lines.next() {
            let keyword = line.trim();
            if !["SIZE", "OFFSET", "USES_GEOMETRY", "BORDER", "BEVEL"].contains(&keyword) {
                continue;
            }
            let value = lines.next().map_or("", |(_, value)| value.trim());
            let refuse = |expected: &str| {
                format!("line {}: {keyword} `{value}` is not {expected}", number + 1)
            };
            let values = || numbers(value);
            match keyword {
                "SIZE" => {
                    template.size_mm = three(values()).ok_or_else(|| refuse("three lengths"))?
                }
                "OFFSET" => {
                    template.offset_mm = three(values()).ok_or_else(|| refuse("three lengths"))?;
                }
                "BORDER" => {
                    let border = three(values()).filter(|b| b.iter().all(|&mm| mm >= 0.0));
                    template.border_mm = Some(border.ok_or_else(|| refuse("three lengths"))?);
                }
                "BEVEL" => {
                    let bevel = values().and_then(|list| list.into_iter().reduce(f64::max));
                    template.bevel_mm = bevel
                        .filter(|&mm| mm >= 0.0)
                        .ok_or_else(|| refuse("a length"))?;
                }
                _ => template.geometry = Some(value.to_owned()).filter(|name| !name.is_empty()),
            }
        }
        if template.size_mm[0].is_nan() {
            return Err("has no line SIZE".to_owned());
        }
        Ok(template)
    }

    /// The mesh of the template at `path`: beside it, by the template's own name or by the name of
    /// its geometry.
    pub(super) fn mesh_path(&self, path: &Path) -> Option<PathBuf> {
        let own = path.file_stem().map(|stem| stem.to_os_string());
        // A name that leads to another folder is no name.
        let geometry = self
            .geometry
            .as_deref()
            .filter(|name| !name.contains(['/', '\\']));
        own.into_iter()
            .chain(geometry.map(Into::into))
            .flat_map(|name| {
                ["obj", "OBJ"].map(|extension| {
                    let mut file = name.clone();
                    file.push(".");
                    file.push(extension);
                    path.with_file_name(file)
                })
            })
            .find(|candidate| candidate.is_file())
    }
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    let number = |word: &str| word.parse().ok().filter(|value: &f64| value.is_finite());
    text.split_whitespace().map(number).collect()
}

fn three(values: Option<Vec<f64>>) -> Option<[f64; 3]> {
    values?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_their_keywords() {
        let text = "VERSION\r\n2\r\nSIZE\r\n125 110 47\r\nOFFSET\r\n0 0 1.5\r\nUSES_GEOMETRY\r\n\
            Heart, Flat Bottom\r\nTYPE\r\n5\r\nBORDER\r\n10 10 2\r\nBEVEL\r\n3\r\n";
        let template = Template::parse(text).unwrap();
        assert_eq!(template.size_mm, [125.0, 110.0, 47.0]);
        assert_eq!(template.offset_mm, [0.0, 0.0, 1.5]);
        assert_eq!(template.geometry.as_deref(), Some("Heart, Flat Bottom"));
        assert_eq!(template.border_mm, Some([10.0, 10.0, 2.0]));
        assert_eq!(template.bevel_mm, 3.0);
    }

    #[test]
    fn faults_name_their_line() {
        for (text, part) in [
            ("", "no line SIZE"),
            ("SIZE", "line 2: SIZE `` is not three lengths"),
            ("TYPE\n5\nSIZE\n1 2", "line 4: SIZE `1 2`"),
            ("SIZE\n1 2 nan", "line 2"),
            ("SIZE\n1 2 3\nBORDER\n1 -2 3", "line 4: BORDER"),
            ("SIZE\n1 2 3\nBEVEL\nwide", "line 4: BEVEL"),
        ] {
            let message = Template::parse(text).unwrap_err();
            assert!(message.contains(part), "{message}");
        }
    }
}
