//! The flags of `glyptic etch` for a network that finds the subject.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use glyptic::settings::{Channels, Family, MatteSettings, MatteSource, Scaling};

use super::depth_args::pixels;
use super::values::one_of;

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Depth and subject")]
pub(super) struct MatteArgs {
    /// Network that finds the subject of photos (U2-Net, MODNet), as a file of its own; without
    /// --matte it means --matte auto. [default: none]
    #[arg(long, value_name = "FILE.onnx", value_hint = ValueHint::FilePath)]
    matte_model: Option<PathBuf>,
    /// Family of that network. [default: as its own names say]
    #[arg(long, value_name = "NAME", value_parser = one_of::<Family>(&["u2net", "modnet"]))]
    matte_model_family: Option<Family>,
    /// Columns and rows of its input. [default: as the network or its family has it]
    #[arg(long, value_name = "WxH", value_parser = pixels)]
    matte_model_size: Option<[u32; 2]>,
    /// How the photo's values are scaled for it, as --model-scaling. [default: as its family has it]
    #[arg(long, value_name = "HOW",
        value_parser = one_of::<Scaling>(&["imagenet", "symmetric", "unit", "bytes"]))]
    matte_model_scaling: Option<Scaling>,
    /// Order of the channels for it. [default: rgb]
    #[arg(long, value_name = "ORDER", value_parser = one_of::<Channels>(&["rgb", "bgr"]))]
    matte_model_channels: Option<Channels>,
}

impl MatteArgs {
    /// Changes `to` as the flags say; `source_given` where another flag names the source.
    pub(super) fn apply(&self, to: &mut MatteSettings, source_given: bool) {
        if let Some(model) = &self.matte_model {
            to.model = Some(model.clone());
            if !source_given {
                to.source = MatteSource::Auto;
            }
        }
        let network = &mut to.network;
        network.family = self.matte_model_family.or(network.family);
        network.size_px = self.matte_model_size.or(network.size_px);
        network.scaling = self.matte_model_scaling.or(network.scaling);
        network.channels = self.matte_model_channels.or(network.channels);
    }
}
