//! The search for the place at which a cloud fits largest into a safe volume.
//!
//! A place in the front view and a scale leave each point an interval of shifts along z; the cloud
//! fits if all of them share one, so that z needs no search. Places are tried on a raster over the
//! volume, then around the best of them in ever smaller steps. Scales are tried from the largest
//! down: in a volume with a hole a smaller cloud may not fit where a larger one does. All this goes
//! by the few points that decide ([`extremes`]); what they allow is then held against all points, and
//! those that stand out join them until there are none.
//!
//! The same place for any number of threads: whether a cloud fits does not depend on the order in
//! which its points are looked at, and places are compared in the order of the raster.

use rayon::prelude::*;

use super::extremes::extremes;
use crate::blank::SafeVolume;

/// Places of the raster in each direction; odd, so that the middle is one. The lobes of a heart and
/// the sides of a hole are some ten of these steps wide.
const PLACES: i32 = 33;

/// From one scale that is tried on the raster to the next; below the best so far none is.
const LADDER: f64 = 0.97;

/// The least scale that is tried, of that at which the cloud's box is as large as the volume's.
const LEAST: f64 = 1e-3;

/// Peaks of the raster that are climbed.
const PEAKS: usize = 6;

/// Sizes of steps on the way up from a raster's place, each `SHRINK` of the one before: the last is
/// 0.001 of the raster's.
const CLIMBS: u32 = 14;
const SHRINK: f64 = 0.6;

/// A gain in scale below this is none.
const GAIN: f64 = 1e-6;

/// Halvings of an interval: a millionth of it.
const HALVINGS: u32 = 20;

/// Rounds in which points that stand out may join, the outermost of them in each. After that all points
/// are looked at every time.
const ROUNDS: u32 = 12;

/// Where the middle of a cloud is put in the front view, and the factor on the cloud.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placing {
    pub(super) centre_mm: [f64; 2],
    pub(super) scale: f64,
}

/// Shifts along z, least and largest, mm.
type Shifts = (f64, f64);

const ANY_SHIFT: Shifts = (f64::NEG_INFINITY, f64::INFINITY);

fn both(a: Shifts, b: Shifts) -> Option<Shifts> {
    let (low, high) = (a.0.max(b.0), a.1.min(b.1));
    (low <= high).then_some((low, high))
}

/// A safe volume in which a place is searched.
#[derive(Debug)]
pub(super) struct Search<'a> {
    volume: &'a SafeVolume,
    guard_mm: f64,
    /// The middle of the volume's box in the front view.
    middle_mm: [f64; 2],
    /// A step of the raster.
    step_mm: [f64; 2],
    /// The largest scale at which the cloud's box is no larger than the volume's.
    largest: f64,
}

/// The points that decide, those first that did so last.
#[derive(Clone, Debug)]
struct Deciding(Vec<[f64; 3]>);

impl<'a> Search<'a> {
    /// `extent_mm` is the size of the cloud's box, `guard_mm` what is kept free on all sides.
    pub(super) fn new(volume: &'a SafeVolume, guard_mm: f64, extent_mm: [f64; 3]) -> Self {
        let [x0, y0, x1, y1] = volume.bounds_mm();
        let (z0, z1) = volume.z_range_mm();
        let room = [x1 - x0, y1 - y0, z1 - z0];
        let widest = (0..3)
            .map(|axis| room[axis] / extent_mm[axis])
            .filter(|scale| scale.is_finite())
            .fold(f64::INFINITY, f64::min);
        Self {
            volume,
            guard_mm,
            middle_mm: [(x0 + x1) / 2.0, (y0 + y1) / 2.0],
            step_mm: [room[0], room[1]].map(|side| side / f64::from(PLACES - 1)),
            // A single point has no size that could be scaled.
            largest: if widest.is_finite() { widest } else { 1.0 },
        }
    }

    /// Where points, given from the middle of their box, fit largest; and the z of that middle.
    /// `None` if they fit nowhere.
    pub(super) fn place(&self, points: &[[f64; 3]]) -> Option<(Placing, f64)> {
        let pick = |indices: Vec<u32>| -> Vec<[f64; 3]> {
            let indices = indices.into_iter();
            indices.map(|index| points[index as usize]).collect()
        };
        let mut deciding = Deciding(pick(extremes(points)));
        let mut best = self.best(&deciding)?;
        let mut step_mm = self.step_mm.map(|step| step * SHRINK);
        let mut round = 0;
        loop {
            best = self.centred(&mut deciding, best);
            let (low, high) = self.shifts_of(&mut deciding, best)?;
            let z_mm = (low + high) / 2.0;
            let outside = self.outside(points, best, z_mm);
            if outside.is_empty() {
                return Some((best, z_mm));
            }
            if round < ROUNDS {
                let outside = pick(outside);
                let joining = extremes(&outside);
                let joining = joining.into_iter().map(|index| outside[index as usize]);
                deciding.0.extend(joining);
            } else {
                deciding.0 = points.to_vec();
            }
            let least = self.largest * LEAST;
            best = self.climbed(&mut deciding, best.centre_mm, least, step_mm)?;
            step_mm = step_mm.map(|step| step * 0.5);
            round += 1;
        }
    }

    /// The best place for the points that decide.
    fn best(&self, deciding: &Deciding) -> Option<Placing> {
        let places = (0..PLACES * PLACES).map(|n| [n % PLACES, n / PLACES]);
        let centre_mm = |[column, row]: [i32; 2]| {
            let from_middle = |n: i32| f64::from(n - PLACES / 2);
            [
                self.middle_mm[0] + from_middle(column) * self.step_mm[0],
                self.middle_mm[1] + from_middle(row) * self.step_mm[1],
            ]
        };
        let least = self.largest * LEAST;
        let at_middle = self.on_ladder(&mut deciding.clone(), self.middle_mm, least);
        let least = at_middle.unwrap_or(least);
        let scales: Vec<f64> = places
            .clone()
            .collect::<Vec<_>>()
            .into_par_iter()
            .map_init(
                || deciding.clone(),
                |deciding, place| self.on_ladder(deciding, centre_mm(place), least),
            )
            .map(|scale| scale.unwrap_or(0.0))
            .collect();
        // Of equal ones the nearest to the middle, then the first.
        let rank = |place: [i32; 2]| {
            let scale = scales[(place[1] * PLACES + place[0]) as usize];
            let [x, y] = place.map(|n| n - PLACES / 2);
            (scale, -(x * x + y * y), -place[1], -place[0])
        };
        let above =
            |a: [i32; 2], b: [i32; 2]| rank(a).partial_cmp(&rank(b)).is_some_and(|o| o.is_gt());
        let is_peak = |place: &[i32; 2]| {
            let [column, row] = *place;
            let beside = (0..9).map(|n| [column + n % 3 - 1, row + n / 3 - 1]);
            let mut beside = beside
                .filter(|there| there != place && there.iter().all(|n| (0..PLACES).contains(n)));
            rank(*place).0 > 0.0 && beside.all(|there| above(*place, there))
        };
        let mut peaks: Vec<[i32; 2]> = places.filter(is_peak).collect();
        peaks.sort_by(|a, b| rank(*b).partial_cmp(&rank(*a)).expect("scales are numbers"));
        peaks.truncate(PEAKS);
        let climbed: Vec<Option<Placing>> = peaks
            .into_par_iter()
            .map(|peak| {
                let mut deciding = deciding.clone();
                self.climbed(&mut deciding, centre_mm(peak), least, self.step_mm)
            })
            .collect();
        // Of equal ones the first: the highest peak, or the nearest to the middle.
        let mut best: Option<Placing> = None;
        for placing in climbed.into_iter().flatten() {
            if best.is_none_or(|best| placing.scale > best.scale * (1.0 + GAIN)) {
                best = Some(placing);
            }
        }
        best
    }

    /// The largest scale of the ladder, down to `least`, at which the points fit there.
    fn on_ladder(&self, deciding: &mut Deciding, centre_mm: [f64; 2], least: f64) -> Option<f64> {
        let mut scale = self.largest;
        while scale >= least {
            if self.fits(deciding, Placing { centre_mm, scale }) {
                return Some(scale);
            }
            scale *= LADDER;
        }
        None
    }

    /// The largest scale at a place, from one that fits there upward.
    fn grown(&self, deciding: &mut Deciding, start: Placing) -> Placing {
        let at = |scale: f64| Placing { scale, ..start };
        let (mut low, mut high) = (start.scale, self.largest);
        // By a ladder's step at a time: larger ones may fit again behind some that do not.
        while low < high {
            let next = (low / LADDER).min(self.largest);
            if !self.fits(deciding, at(next)) {
                high = next;
                break;
            }
            low = next;
        }
        if low >= self.largest {
            return at(self.largest);
        }
        for _ in 0..HALVINGS {
            let half = (low + high) / 2.0;
            if self.fits(deciding, at(half)) {
                low = half;
            } else {
                high = half;
            }
        }
        at(low)
    }

    /// The best place that steps of this size and smaller ones lead to.
    fn climbed(
        &self,
        deciding: &mut Deciding,
        start_mm: [f64; 2],
        least: f64,
        step_mm: [f64; 2],
    ) -> Option<Placing> {
        let scale = self.on_ladder(deciding, start_mm, least)?;
        let start = Placing {
            centre_mm: start_mm,
            scale,
        };
        let mut best = self.grown(deciding, start);
        let mut step_mm = step_mm;
        for _ in 0..CLIMBS {
            let from_mm = best.centre_mm;
            for n in 0..25 {
                let [i, j] = [n % 5 - 2, n / 5 - 2].map(|n| f64::from(n) / 2.0);
                let there = Placing {
                    centre_mm: [from_mm[0] + i * step_mm[0], from_mm[1] + j * step_mm[1]],
                    scale: best.scale * (1.0 + GAIN),
                };
                if there.scale <= self.largest && self.fits(deciding, there) {
                    best = self.grown(deciding, there);
                }
            }
            step_mm = step_mm.map(|step| step * SHRINK);
        }
        Some(best)
    }

    /// The same scale in the middle of the room that it has across and up.
    fn centred(&self, deciding: &mut Deciding, placing: Placing) -> Placing {
        let mut centred = placing;
        for axis in [0, 1] {
            let moved = |by_mm: f64| {
                let mut moved = centred;
                moved.centre_mm[axis] += by_mm;
                moved
            };
            let way = |deciding: &mut Deciding, towards: f64| {
                // Farther than the volume is wide nothing fits.
                let (mut low, mut high) = (0.0, f64::from(PLACES) * self.step_mm[axis]);
                for _ in 0..HALVINGS {
                    let half = (low + high) / 2.0;
                    if self.fits(deciding, moved(towards * half)) {
                        low = half;
                    } else {
                        high = half;
                    }
                }
                low
            };
            let (back, forth) = (way(deciding, -1.0), way(deciding, 1.0));
            let middle = moved((forth - back) / 2.0);
            // Between two places that fit there may be a hole.
            if self.fits(deciding, middle) {
                centred = middle;
            }
        }
        centred
    }

    fn fits(&self, deciding: &mut Deciding, placing: Placing) -> bool {
        self.shifts_of(deciding, placing).is_some()
    }

    /// The shifts along z that the points that decide allow; `None` if there is none.
    fn shifts_of(&self, deciding: &mut Deciding, placing: Placing) -> Option<Shifts> {
        let points = &mut deciding.0;
        let mut all = ANY_SHIFT;
        // Those that set the two ends.
        let (mut lowest, mut highest) = (0, 0);
        for index in 0..points.len() {
            let shifts = self.shifts(points[index], placing);
            let shared = shifts.and_then(|shifts| both(all, shifts));
            let (Some(shifts), Some(shared)) = (shifts, shared) else {
                // Who is in the way here is in the way of the next place too, mostly.
                for culprit in [lowest, highest, index] {
                    points.swap(culprit, culprit / 4);
                }
                return None;
            };
            if shared.0 == shifts.0 {
                lowest = index;
            }
            if shared.1 == shifts.1 {
                highest = index;
            }
            all = shared;
        }
        Some(all)
    }

    /// The shifts along z that one point allows.
    fn shifts(&self, point: [f64; 3], placing: Placing) -> Option<Shifts> {
        let [x, y, z] = point.map(|value| value * placing.scale);
        let (x, y) = (x + placing.centre_mm[0], y + placing.centre_mm[1]);
        if f64::from(self.volume.inset_mm.at_mm(x, y)) < self.guard_mm {
            return None;
        }
        let low = f64::from(self.volume.z_min_mm.at_mm(x, y)) + self.guard_mm - z;
        let high = f64::from(self.volume.z_max_mm.at_mm(x, y)) - self.guard_mm - z;
        // Not so where one is no number.
        (low <= high).then_some((low, high))
    }

    /// The points that stand out, by their places.
    fn outside(&self, points: &[[f64; 3]], placing: Placing, z_mm: f64) -> Vec<u32> {
        (0..points.len() as u32)
            .into_par_iter()
            .filter(|&index| {
                let shifts = self.shifts(points[index as usize], placing);
                shifts.is_none_or(|(low, high)| z_mm < low || z_mm > high)
            })
            .collect()
    }
}
