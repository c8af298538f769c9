//! Settings of depth and relief.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::network::ModelSettings;
use crate::units::Mm;

/// Where depth comes from, and how deep the relief is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DepthSettings {
    /// Where depth comes from. Default: none, a flat picture.
    pub source: DepthSource,
    /// What the values of the depth map mean. Default: what the file says, else nearness.
    pub kind: Option<DepthKind>,
    /// Which end of the depth map is near; in short for the kinds nearness and distance. Default:
    /// as the kind says.
    pub near: Option<Near>,
    /// A network in an ONNX file that finds depth in photos, for the source `auto`. Default: none.
    #[serde(serialize_with = "crate::json::path_if_any")]
    pub model: Option<PathBuf>,
    /// What the network wants, where it is not as its family has it.
    pub network: ModelSettings,
    /// Middles of both eyes, x and y in upright photo pixels: for an estimate of depth without a
    /// network, for `--matte auto`, and for a crop that keeps the head whole. Default: not known.
    pub eyes_px: Option<[f64; 4]>,
    /// Network that finds faces (YuNet), an ONNX file: asked for the eyes where they are not named.
    /// Default: none.
    #[serde(serialize_with = "crate::json::path_if_any")]
    pub face_model: Option<PathBuf>,
    /// Depth of the relief from its nearest to its farthest point, 0.001 to 300 mm, and no more than there
    /// is room for. Default: as deep as fits, at most a third of the safe width.
    pub relief_mm: Option<Mm>,
    /// How much jumps of depth shrink against gentle slopes, 0 (as the map has them) to 1. Default:
    /// 0.5 for depth inside the photo and from a network, which see the background too; else 0.
    pub relief_curve: Option<f64>,
    /// Factor on the height of fine shapes, 0 to 4. Default: 1.
    pub detail: f64,
}

impl Default for DepthSettings {
    fn default() -> Self {
        Self {
            source: DepthSource::None,
            kind: None,
            near: None,
            model: None,
            network: ModelSettings::default(),
            eyes_px: None,
            face_model: None,
            relief_mm: None,
            relief_curve: None,
            detail: 1.0,
        }
    }
}

/// Where depth comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DepthSource {
    /// A flat picture.
    #[default]
    None,
    /// The best that is at hand: a network if one is given, else what is stored inside the photo,
    /// else an estimate by the subject's outline and the eyes.
    Auto,
    /// Stored inside the photo.
    Embedded,
    /// A depth map of any pixel size.
    File(#[serde(serialize_with = "crate::json::path")] PathBuf),
}

/// What the values of a depth map mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DepthKind {
    /// Larger is nearer, without unit: what the relief shows as it stands.
    Nearness,
    /// The inverse of distances, as stereo programs find it: 0 is infinitely far.
    Disparity,
    /// Distances: smaller is nearer.
    Distance,
}

/// Which end of a depth map is near.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Near {
    /// Large values are near.
    Bright,
    /// Small values are near.
    Dark,
}
