//! Known families of networks: what they want their input to be, and what their output means.
//!
//! A network says none of this itself. It is told by its own names and by the kernel that cuts the
//! picture into patches; what a user says counts more.
//!
//! # Source
//!
//! The preprocessing that each family's authors publish with it: MiDaS 2.1 and DPT (Ranftl and
//! others, 2020 and 2021), Depth Anything V2 (Yang and others, 2024), ZoeDepth (Bhat and others,
//! 2023), U2-Net (Qin and others, 2020), MODNet (Ke and others, 2022).

use super::outline::Outline;
use crate::settings::{Channels, DepthKind, Family, Scaling};

/// What a family wants and gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Wants {
    /// Side of the square that it was trained on, px; used where its input leaves sides free.
    pub(super) side_px: usize,
    /// Sides must be multiples of this, px.
    pub(super) multiple_px: usize,
    /// How values are scaled.
    pub(super) scaling: Scaling,
    /// Order of the channels.
    pub(super) channels: Channels,
    /// What the output means, for networks of depth.
    pub(super) kind: DepthKind,
}

impl Family {
    /// What the family wants.
    pub(super) fn wants(self) -> Wants {
        let (side_px, multiple_px, scaling, kind) = match self {
            Self::Midas => (256, 32, Scaling::Imagenet, DepthKind::Nearness),
            Self::Dpt => (384, 32, Scaling::Symmetric, DepthKind::Nearness),
            Self::DepthAnything => (518, 14, Scaling::Imagenet, DepthKind::Nearness),
            Self::Zoe => (384, 32, Scaling::Symmetric, DepthKind::Distance),
            Self::U2net => (320, 32, Scaling::Imagenet, DepthKind::Nearness),
            Self::Modnet => (512, 32, Scaling::Symmetric, DepthKind::Nearness),
        };
        Wants {
            side_px,
            multiple_px,
            scaling,
            channels: Channels::Rgb,
            kind,
        }
    }

    /// Its name, for the report.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Midas => "MiDaS",
            Self::Dpt => "DPT",
            Self::DepthAnything => "Depth Anything",
            Self::Zoe => "ZoeDepth",
            Self::U2net => "U2-Net",
            Self::Modnet => "MODNet",
        }
    }
}

/// The family of a network of depth; `None` if nothing gives it away.
pub(super) fn of_depth(outline: &Outline, file_name: &str) -> Option<Family> {
    let named = |words: &[&str]| {
        let file = file_name.to_lowercase();
        words
            .iter()
            .any(|word| file.contains(word) || outline.names.contains(word))
    };
    // The patches of DINOv2 have 14 px, those of the other transformers 16; attention has a Softmax.
    let attends = outline.operators.contains_key("Softmax");
    if named(&["zoe", "attractor", "log_binomial"]) {
        Some(Family::Zoe)
    } else if named(&[
        "depth_anything",
        "depth-anything",
        "depthanything",
        "dinov2",
    ]) || (attends && outline.kernels.contains(&14))
    {
        Some(Family::DepthAnything)
    } else if named(&["dpt"]) || (attends && outline.kernels.contains(&16)) {
        Some(Family::Dpt)
    } else if named(&["midas", "model-small", "efficientnet"]) || !attends && named(&["scratch"]) {
        Some(Family::Midas)
    } else {
        None
    }
}

/// The family of a network of mattes; `None` if nothing gives it away.
pub(super) fn of_matte(outline: &Outline, file_name: &str) -> Option<Family> {
    let file = file_name.to_lowercase();
    let named = |word: &str| file.contains(word) || outline.names.contains(word);
    if named("modnet") || named("hr_branch") {
        Some(Family::Modnet)
    } else if named("u2net") || named("isnet") || outline.outputs.len() == 7 {
        // U2-Net gives its result first, then six at lower resolutions.
        Some(Family::U2net)
    } else {
        None
    }
}

/// Whether a network scales its input itself: then it wants plain values from 0 to 1.
pub(super) fn scales_itself(outline: &Outline) -> bool {
    let arithmetic = ["Sub", "Div", "Mul"];
    let scales = |operator: &String| arithmetic.contains(&operator.as_str());
    !outline.first.is_empty() && outline.first.iter().all(scales)
}

/// Whether the output of a network of depth is a distance in metres, by its file's name.
pub(super) fn is_metric(file_name: &str) -> bool {
    let name = file_name.to_lowercase();
    ["metric", "hypersim", "vkitti"]
        .iter()
        .any(|word| name.contains(word))
}
