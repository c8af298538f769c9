//! `--matte auto`: the subject found in the photo itself.

use crate::eyes::Eyes;
use crate::grid::Grid;
use crate::photo::{COLOR_PIXELS, Photo};
use crate::subject::colors::{SEGMENT_PIXELS, box_means, reduced, size_within};
use crate::subject::even::{Even, even};
use crate::subject::refine::{enlarged, soften};
use crate::subject::segment::{Clues, Cut, Seeding, segment};
use crate::subject::sure::{SURE_FROM, Signs, overlap};

/// A subject found in a picture.
#[derive(Clone, Debug)]
pub struct Found {
    /// Opacity, 0 to 1, over the whole picture, on the pixels of its small copy in colour.
    pub matte: Grid<f32>,
    /// How sure the method is, 0 to 1; below 0.5 the matte is not used.
    pub confidence: f32,
    /// What the confidence was judged by.
    pub signs: Signs,
    /// The method, in a few words for the report.
    pub method: &'static str,
}

impl Found {
    /// Whether the matte is good enough to be used.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.confidence >= SURE_FROM
    }
}

/// Sides shorter than this show nothing that could be told apart.
const LEAST_SIDE_PX: usize = 8;

/// Intersection over union from which on two cuts say the same.
const ALIKE: f32 = 0.9;

/// Finds the subject of a picture by colour, place and, if they are known, nearness (larger is
/// nearer, NaN where unknown, of any size) and the subject's eyes, in the picture's pixels. `None`
/// where nothing stands out.
#[must_use]
pub fn find(
    color: &Grid<[u8; 3]>,
    nearness: Option<&Grid<f32>>,
    eyes: Option<Eyes>,
) -> Option<Found> {
    if color.width().min(color.height()) < LEAST_SIDE_PX {
        return None;
    }
    let colors = reduced(color, SEGMENT_PIXELS);
    let size = (colors.width(), colors.height());
    let nearness = nearness.and_then(|nearness| zero_to_one(nearness, size));
    let eyes = eyes.map(|eyes| eyes.scaled(size.0 as f64 / color.width() as f64));
    let clues = Clues {
        nearness: nearness.as_ref(),
        eyes,
    };
    let cuts = [Seeding::FIRST, Seeding::SECOND];
    let (first, second) = rayon::join(
        || segment_twice(&colors, clues, cuts[0]),
        || segment_twice(&colors, clues, cuts[1]),
    );
    let by_graph = first.map(|cut| (Signs::of(&colors, &cut, second.as_ref()), cut));
    // What looks odd among photos may be plain all the same: black hair, cut out and laid on black.
    if let Some(Even { cut, confidence }) = even(&colors).filter(Even::is_sure) {
        let better = by_graph.as_ref().is_none_or(|(signs, other)| {
            // Of two sure ones that agree, the graph cut follows hair more closely.
            let agree = overlap(&cut.mask, &other.mask) >= ALIKE;
            let by_graph = signs.confidence(eyes.is_some());
            by_graph < SURE_FROM || (by_graph < confidence && !agree)
        });
        if better {
            return Some(Found {
                matte: soften(&hard(&cut), color),
                confidence,
                signs: Signs::of(&colors, &cut, None),
                method: "even background, guided filter",
            });
        }
    }
    by_graph.map(|(signs, cut)| Found {
        matte: soften(&hard(&cut), color),
        confidence: signs.confidence(eyes.is_some()),
        signs,
        method: match (nearness.is_some(), eyes.is_some()) {
            (true, true) => "graph cut on colour, depth and eyes, guided filter",
            (true, false) => "graph cut on colour and depth, guided filter",
            (false, true) => "graph cut on colour and eyes, guided filter",
            (false, false) => "graph cut on colour, guided filter",
        },
    })
}

/// Where eyes are known, how far the head is turned shows in a first cut, and that says where the
/// rest of the head is.
fn segment_twice(colors: &Grid<[f32; 3]>, clues: Clues<'_>, seeding: Seeding) -> Option<Cut> {
    let first = segment(colors, clues, seeding)?;
    let Some(eyes) = clues.eyes else {
        return Some(first);
    };
    let turned = Clues {
        eyes: Some(eyes.turned(eyes.turn(&first.mask))),
        ..clues
    };
    segment(colors, turned, seeding)
}

fn hard(cut: &Cut) -> Grid<f32> {
    cut.mask.map(|inside| f32::from(u8::from(inside)))
}

/// The light of a photo as grey display colours, where its colours are not at hand.
pub(super) fn grey_of(photo: &Photo) -> Grid<[u8; 3]> {
    let (width, height) = (photo.luminance.width(), photo.luminance.height());
    let size = size_within(width, height, COLOR_PIXELS);
    // The root stands for the display curve; only differences matter here.
    let grey = box_means(&photo.luminance, size, |light| light.max(0.0).sqrt());
    grey.map(|grey| [(255.0 * grey.clamp(0.0, 1.0) + 0.5) as u8; 3])
}

/// Nearness from its 2nd to its 98th percentile as 0 to 1; `None` where all is equal or unknown.
fn zero_to_one(nearness: &Grid<f32>, size: (usize, usize)) -> Option<Grid<f32>> {
    let mut known: Vec<f32> = nearness.values().to_vec();
    known.retain(|value| value.is_finite());
    if known.is_empty() {
        return None;
    }
    known.sort_unstable_by(f32::total_cmp);
    let at = |share: f64| known[((known.len() - 1) as f64 * share) as usize];
    let (low, high) = (at(0.02), at(0.98));
    let scale = 1.0 / (high - low);
    if !scale.is_finite() {
        return None;
    }
    // Unknown is far: depth cameras lose the sky, not the face.
    let even = nearness.map(|value| {
        if value.is_finite() {
            ((value - low) * scale).clamp(0.0, 1.0)
        } else {
            0.0
        }
    });
    Some(enlarged(&even, size))
}
