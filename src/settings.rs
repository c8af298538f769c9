//! Settings: what to make. Plain public fields grouped by stage; the same names in TOML, in JSON
//! and in the report. `Settings::validate`, in [`crate::plan`], is the only door to the pipeline.

mod depth;
pub(crate) mod limits;
mod network;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::depth::{DepthKind, DepthSettings, DepthSource, Near};
pub use self::network::{Channels, Family, ModelSettings, Scaling};
use crate::format::TextSettings;
use crate::sampling::Quality;
use crate::units::{Degrees, Mm, Size};

/// Everything that determines the points, and nothing that does not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The crystal.
    pub blank: BlankSettings,
    /// The engraver.
    pub machine: MachineSettings,
    /// Limits on the photo.
    pub photo: PhotoSettings,
    /// Where the photo lies in the crystal.
    pub placement: PlacementSettings,
    /// Which part of the photo is etched.
    pub matte: MatteSettings,
    /// Where depth comes from, and how deep the relief is.
    pub depth: DepthSettings,
    /// From light to density.
    pub tone: ToneSettings,
    /// From density to points.
    pub sampling: SamplingSettings,
    /// How files are written.
    pub output: OutputSettings,
}

impl Settings {
    /// A line for each setting that is given and does nothing beside the others.
    #[must_use]
    pub fn without_effect(&self) -> Vec<String> {
        let depth = &self.depth;
        let flat = depth.source == DepthSource::None;
        let shapes = [
            ("--relief", depth.relief_mm.is_some()),
            ("--relief-curve", depth.relief_curve.is_some()),
            ("--detail", depth.detail != 1.0),
            ("--near", depth.near.is_some()),
            ("--depth-kind", depth.kind.is_some()),
        ];
        let mut lines = Vec::new();
        for (flag, _) in shapes.iter().filter(|(_, given)| flat && *given) {
            lines.push(format!(
                "{flag} does nothing without depth: the picture is flat; give --depth auto or a \
                 depth map"
            ));
        }
        if depth.model.is_some() && depth.source != DepthSource::Auto {
            lines.push(
                "the network of --depth-model is not asked; give --depth auto as well".to_owned(),
            );
        }
        if depth.face_model.is_some() && depth.eyes_px.is_some() {
            lines.push(
                "the network of --face-model is not asked, since --eyes says where the eyes are"
                    .to_owned(),
            );
        }
        if self.matte.background > 0.0 && self.matte.source == MatteSource::None {
            lines.push(
                "--background does nothing without a matte: all of the photo is etched; give --matte auto or \
                 a matte"
                    .to_owned(),
            );
        }
        if self.matte.model.is_some() && self.matte.source != MatteSource::Auto {
            lines.push(
                "the network of --matte-model is not asked; give --matte auto as well".to_owned(),
            );
        }
        lines
    }
}

/// The crystal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BlankSettings {
    /// Name in the table of blanks, or a file. Default: `heart-30`.
    pub name: String,
    /// Size that the blank is scaled to, sides to 300 mm. Default: its own.
    pub size: Option<Size>,
    /// Least distance of points to the surface, 0 to half the thickness. Default: the blank's own.
    pub margin_mm: Option<Mm>,
}

impl Default for BlankSettings {
    fn default() -> Self {
        Self {
            name: "heart-30".to_owned(),
            size: None,
            margin_mm: None,
        }
    }
}

/// The engraver.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MachineSettings {
    /// Name in the table of machines, or a TOML file. Default: `green-532`.
    pub name: String,
    /// Least distance across the beam, 0.005 to 10 mm, and three steps of the grid or more. Default: the
    /// machine's.
    pub spacing_xy_mm: Option<Mm>,
    /// Least distance along the beam, as across. Default: the machine's.
    pub spacing_z_mm: Option<Mm>,
    /// Layers behind one another, 1 to 32. Default: the machine's.
    pub layers: Option<u32>,
}

impl Default for MachineSettings {
    fn default() -> Self {
        Self {
            name: "green-532".to_owned(),
            spacing_xy_mm: None,
            spacing_z_mm: None,
            layers: None,
        }
    }
}

/// Limits on the photo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PhotoSettings {
    /// Largest photo that is decoded, in millions of pixels, to 4000. Default: 150.
    pub max_megapixels: f64,
}

impl Default for PhotoSettings {
    fn default() -> Self {
        Self {
            max_megapixels: 150.0,
        }
    }
}

/// How the photo fills the safe area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// The photo fills the safe area; what hangs over is cut.
    #[default]
    Cover,
    /// The whole photo lies inside the bounding box of the safe area.
    Contain,
}

/// A part of the photo, in upright photo pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Crop {
    /// Left edge, px.
    pub x_px: f64,
    /// Upper edge, px.
    pub y_px: f64,
    /// Width, px.
    pub width_px: f64,
    /// Height, px.
    pub height_px: f64,
}

/// Which part of the photo is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cropping {
    /// The part in which the subject is large and its head whole; all of the photo where no matte
    /// marks a subject.
    Auto,
    /// All of the photo.
    None,
    /// This part; what lies around it shows where there is room.
    #[serde(untagged)]
    Part(Crop),
}

/// Where the photo lies in the crystal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PlacementSettings {
    /// How the photo fills the safe area. Default: cover.
    pub fit: Option<Fit>,
    /// The part of the photo that is fitted. Default: auto where a matte marks a subject or the eyes are
    /// known, and neither fit nor zoom nor offset is set; else all of it.
    pub crop: Option<Cropping>,
    /// Enlargement after the fit, 0.05 to 50. Default: 1.
    pub zoom: f64,
    /// Shift to the right after the fit, -300 to 300 mm. Default: 0 mm.
    pub offset_x_mm: Mm,
    /// Shift upward after the fit, -300 to 300 mm. Default: 0 mm.
    pub offset_y_mm: Mm,
    /// Rotation about the centre of the fitted part, counter-clockwise, -360 to 360. Default: 0.
    pub rotate_degrees: Degrees,
}

impl Default for PlacementSettings {
    fn default() -> Self {
        Self {
            fit: None,
            crop: None,
            zoom: 1.0,
            offset_x_mm: Mm::constant(0.0),
            offset_y_mm: Mm::constant(0.0),
            rotate_degrees: Degrees::ZERO,
        }
    }
}

/// Which part of the photo is etched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MatteSettings {
    /// Where the matte comes from. Default: alpha.
    pub source: MatteSource,
    /// What is left of the light around the subject, 0 (dropped) to 1 (kept). Default: 0.
    pub background: f64,
    /// A network in an ONNX file that finds the subject of photos, for the source `auto`. Default:
    /// none.
    #[serde(serialize_with = "crate::json::path_if_any")]
    pub model: Option<PathBuf>,
    /// What that network wants, where it is not as its family has it.
    pub network: ModelSettings,
}

/// Where the matte comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MatteSource {
    /// The whole photo, transparent parts included.
    None,
    /// The photo's alpha channel; the whole photo where it has none.
    #[default]
    Alpha,
    /// The photo's alpha channel, or else found in the photo: by a network if one is given, else by
    /// colour and depth.
    Auto,
    /// A grey picture of the photo's shape, of any size: white is etched. Of a picture with an
    /// alpha channel, that one.
    File(#[serde(serialize_with = "crate::json::path")] PathBuf),
}

/// From light to density.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ToneSettings {
    /// What is done to the photo. Default: auto.
    pub mode: ToneMode,
    /// Gamma on display values, 0.2 to 5; `auto` only. Default: 1.8.
    pub toning: f64,
    /// Fraction of the largest density below which dark parts would vanish: the darkest part that
    /// is not black gets it, 0 to 0.5; `auto` only. Default: 0.05.
    pub floor: f64,
    /// Largest fraction of the largest density, 0.05 to 1; `auto` only. Default: 1.
    pub ceiling: f64,
    /// Etches dark parts instead of bright ones. Default: off.
    pub invert: bool,
    /// Added to display values, -1 to 1; `auto` only. Default: 0.
    pub brightness: f64,
    /// Factor on display values about mid-grey, 0 to 5; `auto` only. Default: 1.
    pub contrast: f64,
    /// Width of the soft fade at the safe outline, 0 to 50 mm. Default: 1 mm with `auto`, 0 with `linear`.
    pub fade_mm: Option<Mm>,
}

impl Default for ToneSettings {
    fn default() -> Self {
        Self {
            mode: ToneMode::Auto,
            toning: 1.8,
            floor: 0.05,
            ceiling: 1.0,
            invert: false,
            brightness: 0.0,
            contrast: 1.0,
            fade_mm: None,
        }
    }
}

/// What is done to the photo's light.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ToneMode {
    /// Levels, gentle local contrast, toning.
    #[default]
    Auto,
    /// Density proportional to linear light, nothing else.
    Linear,
}

/// From density to points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SamplingSettings {
    /// How much work goes into the picture. Default: fine.
    pub quality: Quality,
    /// A budget of points, 1 to 100 million; the same picture, scaled in density as far as its brightest
    /// part stays below full white. Default: as the tone asks.
    pub points: Option<u64>,
    /// Another seed gives another, equally good cloud. Default: 1.
    pub seed: u64,
    /// Largest random shift along z of the points of a layer, 0 to 1 mm; it hides the layers from aside and
    /// costs twice as much depth for each layer. Default: 0.02 mm.
    // With 0.01 mm `tests/lattice.rs` finds 3.2 instead of 2.6 at 30 degrees.
    pub jitter_z_mm: Mm,
}

impl Default for SamplingSettings {
    fn default() -> Self {
        Self {
            quality: Quality::Fine,
            points: None,
            seed: 1,
            jitter_z_mm: Mm::constant(0.02),
        }
    }
}

/// How files are written.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OutputSettings {
    /// Dialect of DXF files. Default: cockpit; on the command line, the machine's.
    pub dxf_dialect: DxfDialect,
    /// PLY and PCD as text instead of binary. Default: off.
    pub ply_ascii: bool,
    /// How XYZ, ASC, TXT and CSV look.
    pub text: TextSettings,
    /// Grid that points stand on, 0.001 or 0.01 mm; never finer than what every output resolves.
    /// Default: 0.01 mm as soon as a file of two decimals is among them (a `cockpit` or `venus3d` DXF),
    /// else 0.001 mm.
    pub precision_mm: Option<Mm>,
}

/// Dialect of a DXF file of points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DxfDialect {
    /// As Cockpit3D exports: layer `VWX`, two decimals.
    #[default]
    Cockpit,
    /// As `cockpit`, layer `Venus3D`.
    Venus3d,
    /// Clean AC1009 with true extents.
    R12,
    /// R2000 with tables, blocks and handles, for any CAD program.
    Ac1015,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_do_nothing_are_named() {
        let mut settings = Settings::default();
        assert_eq!(settings.without_effect(), [] as [String; 0]);
        settings.depth.relief_mm = Some(Mm::constant(4.0));
        settings.depth.detail = 2.0;
        settings.depth.near = Some(Near::Bright);
        settings.matte.source = MatteSource::None;
        settings.matte.background = 0.5;
        settings.depth.model = Some("midas.onnx".into());
        settings.matte.model = Some("u2net.onnx".into());
        let lines = settings.without_effect();
        for flag in [
            "--relief ",
            "--detail ",
            "--near ",
            "--background ",
            "--depth-model",
            "--matte-model",
        ] {
            assert!(lines.iter().any(|line| line.contains(flag)), "{lines:?}");
        }
        assert!(lines.iter().all(|line| line.contains("; give --")));
        settings.depth.source = DepthSource::Auto;
        settings.matte.source = MatteSource::Auto;
        assert_eq!(settings.without_effect(), [] as [String; 0]);
    }

    #[test]
    fn a_crop_is_a_word_or_a_part_and_old_files_are_read() {
        let read = |text: &str| serde_json::from_str::<PlacementSettings>(text);
        assert_eq!(
            read(r#"{"crop": "auto"}"#).unwrap().crop,
            Some(Cropping::Auto)
        );
        assert_eq!(
            read(r#"{"crop": "none"}"#).unwrap().crop,
            Some(Cropping::None)
        );
        let part =
            r#"{"fit": "cover", "crop": {"x_px": 1, "y_px": 2, "width_px": 3, "height_px": 4}}"#;
        let part = read(part).unwrap();
        assert!(matches!(part.crop, Some(Cropping::Part(crop)) if crop.height_px == 4.0));
        assert_eq!(part.fit, Some(Fit::Cover));
        assert_eq!(
            read(r#"{"crop": null}"#).unwrap(),
            PlacementSettings::default()
        );
        assert!(read(r#"{"crop": "middle"}"#).is_err());
        for crop in [Cropping::Auto, Cropping::None, part.crop.unwrap()] {
            let settings = PlacementSettings {
                crop: Some(crop),
                ..Default::default()
            };
            let toml: PlacementSettings =
                toml::from_str(&toml::to_string(&settings).unwrap()).unwrap();
            assert_eq!(toml, settings);
        }
    }
}
