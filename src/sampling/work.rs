//! Work: what a quality stands for, in passes, sweeps and lengths.

use serde::{Deserialize, Serialize};

/// How much work goes into the picture: passes of relocation, which even out the coarse scales, and
/// sweeps of polish, which even out the fine ones. `examples/compare` prints what each gains.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Quality {
    /// A sweep, which looks at coarser scales than those of the others.
    Draft,
    /// A pass and two sweeps.
    #[default]
    Fine,
    /// Six passes and six sweeps: more hardly gain anything.
    Best,
}

/// What a quality stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Work {
    /// Passes of relocation.
    pub(super) passes: u32,
    /// Sweeps of polish.
    pub(super) sweeps: u32,
    /// The bell through which polish sees the picture.
    pub(super) bell: Bell,
    /// Side of a pixel of the target in spacings of the union of all layers, `1 / sqrt(density)`. Smaller
    /// ones gain little for their time; the one sweep of a draft is to reach the coarser scales too.
    pub(super) pixel_spacings: f64,
    /// Side of the squares in which dither counts points, in the same spacings. Smaller ones cost fine its
    /// coarse scales in nearly full white on a grid of 0.01 mm, and gain a draft some, which has no relocation.
    pub(super) square_spacings: f64,
    /// Largest move in one sweep, in xy spacings and in standard deviations of the bell: farther, the
    /// slope misleads. The fewer the sweeps, the more far moves gain; near ones leave fewer neighbours to
    /// look at.
    pub(super) move_spacings: f64,
    pub(super) move_sigmas: f64,
    /// Shorter moves are left out, in xy spacings: there are many, and each gains little.
    pub(super) least_move_spacings: f64,
}

/// A bell of `polish/blur.rs`.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bell {
    /// A cubic B-spline on coarse pixels: a quarter of the work.
    Spline,
    Gaussian,
}

impl Bell {
    /// Standard deviation in pixels of the target.
    pub(super) fn sigma_px(self) -> f64 {
        match self {
            // The root of 1/3 in its own pixels, which are two of the target's.
            Self::Spline => 1.154_700_538,
            Self::Gaussian => 1.25,
        }
    }
}

impl Quality {
    pub(super) fn work(self) -> Work {
        match self {
            Self::Draft => Work {
                passes: 0,
                sweeps: 1,
                bell: Bell::Spline,
                pixel_spacings: 1.75,
                square_spacings: 4.375,
                move_spacings: 0.45,
                move_sigmas: 0.8,
                least_move_spacings: 0.22,
            },
            Self::Fine => Work {
                passes: 1,
                sweeps: 2,
                bell: Bell::Gaussian,
                pixel_spacings: 1.4,
                square_spacings: 5.6,
                move_spacings: 0.3,
                move_sigmas: 0.5,
                least_move_spacings: 0.0,
            },
            Self::Best => Work {
                passes: 6,
                sweeps: 6,
                bell: Bell::Gaussian,
                pixel_spacings: 1.4,
                square_spacings: 5.6,
                move_spacings: 0.2,
                move_sigmas: 0.5,
                least_move_spacings: 0.0,
            },
        }
    }
}
