//! Work: what a quality stands for, in passes, sweeps and lengths.

use serde::{Deserialize, Serialize};

/// How much work goes into the picture: passes of relocation, which even out the coarse scales, and
/// sweeps of polish, which even out the fine ones. `examples/compare` prints what each gains. Where even full
/// white has less than 425 points per mm2 (two layers at 0.08 mm), a pass and a sweep come on top, below 212
/// two.
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

/// What an eye resolves, as the standard deviation of a bell in mm: nearly an arc minute at 250 mm, 0.073.
const EYE_MM: f64 = 0.071;

/// The narrowest bell, of the one for many points. Narrower, few points reach the same pixels, and what an eye
/// sees of coarse scales is lost: of one layer at 0.08 mm, fine, 0.5 gains 0.3 dB more at 0.073 mm of blur than
/// 0.57, for 1.3 dB less at 0.146 mm.
const NARROWEST: f64 = 0.57;

/// With half as many points per mm2 as this in full white, a pass and a sweep come on top, with a
/// quarter two: the picture still takes less time than with all these points.
const MANY_PER_MM2: f64 = 600.0;

impl Quality {
    /// The work for points of which full white has so many per mm2, of all layers.
    ///
    /// Many points are evened out as finely as they can show. Of few, what the eye resolves counts: with a
    /// bell as wide as for many, one layer would be more even on coarse scales than anyone sees, and less on fine ones
    /// than a square grid.
    pub(super) fn work(self, white_per_mm2: f64) -> Work {
        let work = self.for_many();
        let sigma_mm = work.bell.sigma_px() * work.pixel_spacings / white_per_mm2.sqrt();
        let more = (MANY_PER_MM2 / white_per_mm2)
            .log2()
            .round()
            .clamp(0.0, 2.0) as u32;
        Work {
            passes: work.passes + more,
            sweeps: work.sweeps + more,
            pixel_spacings: work.pixel_spacings * (EYE_MM / sigma_mm).clamp(NARROWEST, 1.0),
            ..work
        }
    }

    fn for_many(self) -> Work {
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
