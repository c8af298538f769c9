//! The flags of `glyptic etch` that say where depth comes from and what its values mean.

use std::path::PathBuf;

use clap::{Args, ValueHint};
use glyptic::settings::{Channels, DepthKind, DepthSettings, DepthSource, Family, Scaling};

use super::values::{number, one_of};

#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Depth")]
pub(super) struct DepthArgs {
    /// What the values of the depth map mean: nearness (large is near), disparity (the inverse of
    /// distance), or distance (small is near). [default: what the file says, else nearness]
    #[arg(long, value_name = "KIND",
        value_parser = one_of::<DepthKind>(&["nearness", "disparity", "distance"]))]
    depth_kind: Option<DepthKind>,
    /// Network that finds depth in photos (MiDaS, DPT, Depth Anything V2, ZoeDepth), as a file of
    /// its own; without --depth it means --depth auto. [default: none]
    #[arg(long, value_name = "FILE.onnx", value_hint = ValueHint::FilePath)]
    depth_model: Option<PathBuf>,
    /// Family of the network. [default: as its own names say]
    #[arg(long, value_name = "NAME",
        value_parser = one_of::<Family>(&["midas", "dpt", "depth-anything", "zoe"]))]
    model_family: Option<Family>,
    /// Columns and rows of the network's input. [default: as the network or its family has it]
    #[arg(long, value_name = "WxH", value_parser = pixels)]
    model_size: Option<[u32; 2]>,
    /// How the photo's values are scaled for the network: by ImageNet's mean and deviation, to -1..1,
    /// to 0..1, or not at all. [default: as its family has it]
    #[arg(long, value_name = "HOW",
        value_parser = one_of::<Scaling>(&["imagenet", "symmetric", "unit", "bytes"]))]
    model_scaling: Option<Scaling>,
    /// Order of the channels for the network. [default: rgb]
    #[arg(long, value_name = "ORDER", value_parser = one_of::<Channels>(&["rgb", "bgr"]))]
    model_channels: Option<Channels>,
    /// Middles of both eyes in pixels of the upright photo: the subject is found around them, its
    /// head is kept whole, and an estimate of depth has a face there. [default: not known]
    #[arg(long, value_name = "X1,Y1,X2,Y2", allow_hyphen_values = true, value_parser = eyes)]
    eyes: Option<Eyes>,
    /// Network that finds faces in photos (YuNet), as a file of its own: the eyes of the largest face
    /// serve as --eyes. [default: none]
    #[arg(long, value_name = "FILE.onnx", value_hint = ValueHint::FilePath)]
    face_model: Option<PathBuf>,
    /// How much jumps of depth shrink against gentle slopes, 0 to 1, so that a face keeps its
    /// features in a flat relief. [default: 0.5 for embedded depth and networks, else 0]
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, value_parser = number)]
    relief_curve: Option<f64>,
    /// Factor on the height of fine shapes, 0 to 4. [default: 1]
    #[arg(long, value_name = "FACTOR", allow_hyphen_values = true, value_parser = number)]
    detail: Option<f64>,
}

/// Both eyes, x and y, px.
type Eyes = [f64; 4];

impl DepthArgs {
    /// Changes `to` as the flags say; `source_given` where another flag names the source.
    pub(super) fn apply(&self, to: &mut DepthSettings, source_given: bool) {
        if self.depth_model.is_some() && !source_given {
            to.source = DepthSource::Auto;
        }
        if let Some(model) = &self.depth_model {
            to.model = Some(model.clone());
        }
        to.kind = self.depth_kind.or(to.kind);
        to.relief_curve = self.relief_curve.or(to.relief_curve);
        to.detail = self.detail.unwrap_or(to.detail);
        to.eyes_px = self.eyes.or(to.eyes_px);
        if let Some(model) = &self.face_model {
            to.face_model = Some(model.clone());
        }
        let network = &mut to.network;
        network.family = self.model_family.or(network.family);
        network.size_px = self.model_size.or(network.size_px);
        network.scaling = self.model_scaling.or(network.scaling);
        network.channels = self.model_channels.or(network.channels);
    }
}

/// Reads `518x518`.
pub(super) fn pixels(text: &str) -> Result<[u32; 2], String> {
    let fault = || format!("`{text}` is no size in pixels; write it like 518x518");
    let (width, height) = text.split_once('x').ok_or_else(fault)?;
    Ok([
        width.parse().map_err(|_| fault())?,
        height.parse().map_err(|_| fault())?,
    ])
}

fn eyes(text: &str) -> Result<Eyes, String> {
    let numbers: Vec<f64> = text
        .split(',')
        .map_while(|part| part.trim().parse().ok())
        .filter(|number: &f64| number.is_finite())
        .collect();
    let count = text.split(',').count();
    let eyes = numbers.try_into().ok().filter(|_| count == 4);
    eyes.ok_or_else(|| format!("`{text}` is no pair of eyes; write x1,y1,x2,y2 in pixels"))
}
