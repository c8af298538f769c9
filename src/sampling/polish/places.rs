//! Places: where points stand in single precision, for a quick look at those around one.
//!
//! What does not count is written over instead of passed over: branches that depend on the picture are often
//! guessed wrongly.

use std::mem;
use std::ops::Range;

use rayon::prelude::*;

use super::super::bands::Bands;
use super::super::candidates::Dot;
use crate::rounding::F32_COUNTS_TO;

/// The least squared distance in single precision: exact, or so much more that what rounding takes
/// from the sum of two squares does not count.
pub(super) fn no_less(squared: i64) -> f32 {
    let value = squared as f32;
    if squared <= i64::from(F32_COUNTS_TO) {
        value
    } else {
        value * (1.0 + 4.0 * f32::EPSILON)
    }
}

/// Where the points of a band stand, in its order, units from the corner of all bands: whole numbers below
/// [`F32_COUNTS_TO`], as many as a micrometre has in 16 metres.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<[f32; 2]>);

/// The places of all bands.
pub(super) fn of(bands: &Bands<Dot>) -> Vec<Places> {
    let [left, low] = bands.origin();
    let place = |dot: &Dot| [(dot.x - left) as f32, (dot.y - low) as f32];
    let all = bands.bands().par_iter().with_max_len(1);
    all.map(|band| Places(band.points().iter().map(place).collect()))
        .collect()
}

impl Places {
    /// Takes a point away, until it is put somewhere.
    pub(super) fn take(&mut self, slot: usize) -> [f32; 2] {
        mem::replace(&mut self.0[slot], [f32::INFINITY; 2])
    }

    /// Puts a point where it was taken away, or the end of a way from there.
    pub(super) fn put(&mut self, slot: usize, [x, y]: [f32; 2], way: [i32; 2]) {
        self.0[slot] = [x + way[0] as f32, y + way[1] as f32];
    }
}

/// The points around one: how far they are from it, units.
#[derive(Debug, Default)]
pub(super) struct Near {
    /// The first `count` are points.
    away: Vec<[f32; 2]>,
    count: usize,
}

impl Near {
    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    /// Adds those of a band's points that are at most so far from a place.
    pub(super) fn add(
        &mut self,
        places: &Places,
        range: Range<usize>,
        place: [f32; 2],
        farthest: f32,
    ) {
        // A hair more, for rounding.
        let farthest_squared = farthest * farthest * (1.0 + 1e-5);
        let points = &places.0[range];
        let most = self.count + points.len();
        if self.away.len() < most {
            self.away.resize(2 * most, [0.0; 2]);
        }
        let away = &mut self.away[..most];
        let mut count = self.count;
        for point in points {
            let [x, y] = [point[0] - place[0], point[1] - place[1]];
            away[count] = [x, y];
            count += usize::from(x * x + y * y <= farthest_squared);
        }
        self.count = count;
    }

    /// Which of four places, all x and all y in units from the one, a point is closer to than the least
    /// distance, squared.
    pub(super) fn block(&self, [xs, ys]: [[f32; 4]; 2], least_squared: f32) -> [bool; 4] {
        let mut least = [f32::INFINITY; 4];
        for &[x, y] in &self.away[..self.count] {
            for k in 0..4 {
                let squared = (x - xs[k]) * (x - xs[k]) + (y - ys[k]) * (y - ys[k]);
                least[k] = if squared < least[k] {
                    squared
                } else {
                    least[k]
                };
            }
        }
        least.map(|squared| squared < least_squared)
    }

    /// The point that is nearest to a place, units from the one.
    pub(super) fn nearest_to(&self, place: [f32; 2]) -> Option<[f32; 2]> {
        let points = self.away[..self.count].iter().enumerate();
        let nearest = points.map(|(index, [x, y])| {
            let squared = (x - place[0]) * (x - place[0]) + (y - place[1]) * (y - place[1]);
            // Numbers from 0 on are ordered like their bits.
            u64::from(squared.to_bits()) << 32 | index as u64
        });
        Some(self.away[nearest.min()? as u32 as usize])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_least_distance_never_gets_less_in_single_precision() {
        for squared in [
            0,
            1,
            64,
            6401,
            i64::from(F32_COUNTS_TO),
            i64::from(F32_COUNTS_TO) + 1,
            100_000_001,
            123_456_789_123,
        ] {
            assert!(f64::from(no_less(squared)) >= squared as f64);
            assert!(f64::from(no_less(squared)) <= squared as f64 * (1.0 + 1e-6));
        }
    }

    proptest! {
        #[test]
        fn what_is_near_is_found_and_blocks(
            points in prop::collection::vec((0..40i32, 0..40i32), 0..60),
            cuts in (0..60usize, 0..60usize),
            (x, y) in (0..40i32, 0..40i32),
            farthest in 0.0..30.0f32,
            least_squared in 1..300i64,
        ) {
            let places = Places(points.iter().map(|&(x, y)| [x as f32, y as f32]).collect());
            let first = cuts.0.min(cuts.1).min(points.len());
            let last = cuts.0.max(cuts.1).min(points.len());
            let mut near = Near::default();
            let place = [x as f32, y as f32];
            near.add(&places, 0..first, place, farthest);
            near.add(&places, last..points.len(), place, farthest);
            let away = points[..first].iter().chain(&points[last..]).map(|p| (p.0 - x, p.1 - y));
            let expected: Vec<(i32, i32)> = away
                .filter(|&(x, y)| (x * x + y * y) as f32 <= farthest * farthest * (1.0 + 1e-5))
                .collect();
            let found: Vec<(i32, i32)> = near.away[..near.count]
                .iter()
                .map(|&[x, y]| (x as i32, y as i32))
                .collect();
            prop_assert_eq!(&found, &expected);
            let ways = [(0, 0), (3, -1), (-7, 2), (20, 20)];
            let squared = |(x, y): (i32, i32), way: (i32, i32)| {
                i64::from((x - way.0).pow(2) + (y - way.1).pow(2))
            };
            let all = [ways.map(|way| way.0 as f32), ways.map(|way| way.1 as f32)];
            let blocked = near.block(all, no_less(least_squared));
            for (way, blocked) in ways.into_iter().zip(blocked) {
                let too_near = expected.iter().any(|&point| squared(point, way) < least_squared);
                prop_assert_eq!(blocked, too_near);
                let nearest = near.nearest_to([way.0 as f32, way.1 as f32]);
                let least = expected.iter().map(|&point| squared(point, way)).min();
                let found = nearest.map(|[x, y]| squared((x as i32, y as i32), way));
                prop_assert_eq!(found, least);
            }
        }
    }
}
