//! The table of blanks, `blanks.toml`, and the form of a blank's definition.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::heart::Heart;

/// A blank as a table or a file describes it.
///
/// Either an outline with a size, or an outline from a drawing with a thickness, or a mesh.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Definition {
    /// The name that it is asked for by; a file's own name if it says none.
    #[serde(default)]
    pub(super) name: String,
    /// What it is sold as: `pendant`, `key chain`, `block`.
    #[serde(default)]
    pub(super) kind: String,
    /// An outline of the table, `rectangle`, `ellipse`, or an SVG or DXF file beside this one.
    #[serde(default)]
    pub(super) outline: Option<String>,
    /// An OBJ, STL or PLY file beside this one, instead of an outline.
    #[serde(default)]
    pub(super) mesh: Option<String>,
    /// Radius of the corners of a rectangle, mm.
    #[serde(default)]
    pub(super) corner_mm: f64,
    /// Width, height, thickness, mm; by default that of the drawing or the mesh.
    #[serde(default)]
    pub(super) size_mm: Option<[f64; 3]>,
    /// Thickness, mm, for a drawing that is in its own size.
    #[serde(default)]
    pub(super) thickness_mm: Option<f64>,
    /// Least distance of points to the surface, mm; by default 3.
    #[serde(default)]
    pub(super) margin_mm: Option<f64>,
    /// Room to keep free between the points and the bounding box along x, y and z, mm.
    #[serde(default)]
    pub(super) border_mm: Option<[f64; 3]>,
    /// Shift of the solid against the origin after it was centred, mm; meshes only.
    #[serde(default)]
    pub(super) offset_mm: [f64; 3],
    /// Width of the bevel at 45 degrees around front and back, mm.
    #[serde(default)]
    pub(super) bevel_mm: f64,
    /// A hole from front to back.
    #[serde(default)]
    pub(super) hole: Option<HoleDefinition>,
    /// The face that the beam enters: `front`.
    #[serde(default)]
    pub(super) entry: Entry,
    /// The glass: `N-BK7` or its equal `K9`.
    #[serde(default)]
    pub(super) glass: Glass,
    /// Where each number comes from.
    #[serde(default)]
    pub(super) source: BTreeMap<String, String>,
}

/// The face that the beam enters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Entry {
    /// The face toward the viewer, +z. A blank that is engraved through another face is described
    /// with that face in front.
    #[default]
    Front,
}

/// What a blank is made of.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
pub enum Glass {
    /// Borosilicate crown glass.
    #[default]
    #[serde(rename = "N-BK7", alias = "K9", alias = "BK7")]
    NBk7,
}

/// Where a hole is: below the cleft of a heart, or at a place.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoleDefinition {
    /// Its diameter, mm; a drill keeps its size when the blank is scaled.
    pub(super) diameter_mm: f64,
    /// Distance of its axis below the cleft, mm; hearts only.
    #[serde(default)]
    pub(super) below_cleft_mm: Option<f64>,
    /// Its axis to the right of the centre, mm, in the size of the definition.
    #[serde(default)]
    pub(super) x_mm: f64,
    /// Its axis above the centre, mm, in the size of the definition.
    #[serde(default)]
    pub(super) y_mm: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    outline: Vec<Heart>,
    blank: Vec<Definition>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| {
        toml::from_str(include_str!("blanks.toml")).expect("the built-in table is tested")
    })
}

/// The blanks of the table, in its order.
pub(super) fn blanks() -> &'static [Definition] {
    &table().blank
}

/// The outlines of hearts, in the table's order.
pub(super) fn hearts() -> &'static [Heart] {
    &table().outline
}

/// The outline of a heart by name.
pub(super) fn heart(name: &str) -> Option<&'static Heart> {
    hearts().iter().find(|heart| heart.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_names_its_source() {
        assert!(hearts().iter().all(|heart| !heart.source.is_empty()));
        for blank in blanks() {
            for key in ["size", "margin", "bevel"] {
                assert!(blank.source.contains_key(key), "{} {key}", blank.name);
            }
            assert_eq!(blank.hole.is_some(), blank.source.contains_key("hole"));
        }
    }

    #[test]
    fn the_names_that_are_promised_exist() {
        for (name, size) in [
            ("heart-20", [20.0, 20.0, 6.0]),
            ("heart-25", [25.0, 25.0, 8.0]),
            ("heart-30", [30.0, 30.0, 10.0]),
            ("heart-40", [40.0, 40.0, 12.0]),
            ("heart-35", [35.0, 35.0, 12.0]),
            ("heart-80x70x40", [80.0, 70.0, 40.0]),
            ("heart-100x90x50", [100.0, 90.0, 50.0]),
            ("heart-125x110x60", [125.0, 110.0, 60.0]),
            ("heart-flat-125x110x47", [125.0, 110.0, 47.0]),
        ] {
            let found = blanks().iter().find(|blank| blank.name == name);
            assert_eq!(found.expect(name).size_mm, Some(size), "{name}");
        }
    }
}
