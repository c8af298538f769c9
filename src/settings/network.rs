//! Settings of networks, for depth and for mattes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a network wants, where it is not as its family has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ModelSettings {
    /// Its family. Default: as the network's own names say.
    pub family: Option<Family>,
    /// Columns and rows of its input. Default: as the network says, else as its family has it.
    pub size_px: Option<[u32; 2]>,
    /// How the photo's values are scaled. Default: as the family has it.
    pub scaling: Option<Scaling>,
    /// Order of the channels. Default: rgb.
    pub channels: Option<Channels>,
}

/// A family of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Depth: MiDaS 2.1, small and large.
    Midas,
    /// Depth: DPT, large and hybrid.
    Dpt,
    /// Depth: Depth Anything, V1 and V2.
    DepthAnything,
    /// Depth in metres: ZoeDepth.
    Zoe,
    /// Mattes: U2-Net.
    U2net,
    /// Mattes: MODNet.
    Modnet,
}

/// How the values of a photo are scaled for a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scaling {
    /// By mean and standard deviation of ImageNet.
    Imagenet,
    /// -1 to 1.
    Symmetric,
    /// 0 to 1.
    Unit,
    /// 0 to 255.
    Bytes,
}

/// Order of the channels of a photo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Channels {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}
