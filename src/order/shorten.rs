//! A shorter tour: detours and crossings between close stops are taken out.
//!
//! The tour is walked once. At each step, three changes are tried with each of the next stops in a
//! window: to run the stretch up to there backwards (2-opt), to visit the next stop only there,
//! or to visit that one first (Or-opt with one stop). The best is made, and the walk takes
//! two steps back. All candidates of a step are plain arithmetic on neighbouring array elements,
//! which the compiler turns into vector instructions. The ends of the tour stay.
//!
//! Tried: longer stretches in Or-opt (two stops: 0.5 % for two thirds more time), a second
//! walk instead of the steps back (the same gain for a third more time).
//!
//! # Source
//!
//! Croes, *A method for solving traveling-salesman problems*, 1958 (2-opt). Or, *Traveling
//! salesman-type combinatorial problems*, 1976.

use rayon::prelude::*;

use super::Stop;

/// Stops that are worked on together; their ends stay, so that pieces are independent. Long
/// against the window, so that the fixed ends do not count; short enough to occupy all threads.
const PIECE: usize = 1 << 14;

/// Steps back after a change: earlier stops may now gain. None costs 3 to 5 % of travel, eight win
/// less than 1 % for half as much time again.
const BACK: usize = 2;

/// Steps for each stop, at most; a bound on the time, out of reach for real clouds (a test has 4).
const MOST_STEPS: usize = 16;

/// What a change must leave of the ways it takes out. The sums' rounding is below 1e-6; without
/// this margin a change could seem to pay both ways, for ever.
const PAYS: f32 = 1.0 - 4e-6;

/// Shortens a tour in place, looking `WINDOW` stops ahead; pieces in parallel.
pub(super) fn shorten<const WINDOW: usize>(tour: &mut [Stop]) {
    tour.par_chunks_mut(PIECE).for_each(|piece| {
        let mut walk = Walk::new(piece, WINDOW);
        walk.run::<WINDOW>();
        walk.write(piece);
    });
}

/// A piece of the tour as separate arrays, and the ways between stops.
struct Walk {
    x: Vec<f32>,
    y: Vec<f32>,
    index: Vec<u32>,
    /// From each stop to the next.
    way: Vec<f32>,
    /// From the stop before each to the one after it.
    skip: Vec<f32>,
}

/// The best change at a step, and where it ends.
#[derive(Clone, Copy)]
enum Change {
    TurnTo(usize),
    NextAfter(usize),
    First(usize),
}

impl Walk {
    /// Beyond the end stand stops at infinity: no change with one of them pays, since its gain is
    /// not a number or minus infinity.
    fn new(piece: &[Stop], window: usize) -> Self {
        let beyond = std::iter::repeat_n(f32::INFINITY, window + 4);
        let places = |value: fn(&Stop) -> f32| piece.iter().map(value).chain(beyond.clone());
        let x: Vec<f32> = places(|stop| stop.x_mm).collect();
        let y: Vec<f32> = places(|stop| stop.y_mm).collect();
        let mut walk = Self {
            way: vec![0.0; x.len()],
            skip: vec![0.0; x.len()],
            index: piece.iter().map(|stop| stop.index).collect(),
            x,
            y,
        };
        walk.measure(0, walk.x.len() - 2);
        walk
    }

    fn write(self, piece: &mut [Stop]) {
        for (place, stop) in piece.iter_mut().enumerate() {
            *stop = Stop {
                x_mm: self.x[place],
                y_mm: self.y[place],
                index: self.index[place],
            };
        }
    }

    fn distance(&self, from: usize, to: usize) -> f32 {
        let (dx, dy) = (self.x[to] - self.x[from], self.y[to] - self.y[from]);
        (dx * dx + dy * dy).sqrt()
    }

    /// Finds the ways from the stops `first..=last`, and those that skip one of them or the next.
    fn measure(&mut self, first: usize, last: usize) {
        for stop in first..=last {
            self.way[stop] = self.distance(stop, stop + 1);
        }
        for stop in first.max(1)..=last + 1 {
            if stop + 1 < self.x.len() {
                self.skip[stop] = self.distance(stop - 1, stop + 1);
            }
        }
    }

    /// Walks the piece once, and tells in how many steps.
    fn run<const WINDOW: usize>(&mut self) -> usize {
        let stops = self.index.len();
        let mut steps = 0;
        let mut here = 0;
        while here + 3 < stops && steps < MOST_STEPS * stops {
            steps += 1;
            match self.best::<WINDOW>(here) {
                Some(change) => {
                    self.make(here, change);
                    here = (here + 1).saturating_sub(BACK);
                }
                None => here += 1,
            }
        }
        steps
    }

    /// The change at `here` that gains most.
    fn best<const WINDOW: usize>(&self, here: usize) -> Option<Change> {
        let next = here + 1;
        let there = here + 2;
        let (x0, y0, x1, y1) = (self.x[here], self.y[here], self.x[next], self.y[next]);
        let (way0, way1, skip1) = (self.way[here], self.way[next], self.skip[next]);
        let x: &[f32; WINDOW] = window(&self.x, there);
        let y: &[f32; WINDOW] = window(&self.y, there);
        let x_after: &[f32; WINDOW] = window(&self.x, there + 1);
        let y_after: &[f32; WINDOW] = window(&self.y, there + 1);
        let way_before: &[f32; WINDOW] = window(&self.way, there - 1);
        let way: &[f32; WINDOW] = window(&self.way, there);
        let skip: &[f32; WINDOW] = window(&self.skip, there);
        let mut turn = [0.0; WINDOW];
        let mut next_after = [0.0; WINDOW];
        let mut first = [0.0; WINDOW];
        for k in 0..WINDOW {
            let norm = |dx: f32, dy: f32| (dx * dx + dy * dy).sqrt();
            let from_here = norm(x[k] - x0, y[k] - y0);
            let from_next = norm(x[k] - x1, y[k] - y1);
            let next_to_after = norm(x_after[k] - x1, y_after[k] - y1);
            turn[k] = (way0 + way[k]) * PAYS - (from_here + next_to_after);
            next_after[k] = (way0 + way1 + way[k]) * PAYS - (skip1 + from_next + next_to_after);
            first[k] = (way0 + way_before[k] + way[k]) * PAYS - (skip[k] + from_here + from_next);
        }
        // A gain that is not a number loses every comparison.
        let larger = |a: f32, b: f32| if a > b { a } else { b };
        let mut most = [0.0; WINDOW];
        for k in 0..WINDOW {
            most[k] = larger(first[k], larger(next_after[k], larger(turn[k], 0.0)));
        }
        let gain = most.iter().fold(0.0, |gain, &other| larger(other, gain));
        if gain <= 0.0 {
            return None;
        }
        let k = most.iter().position(|&other| other == gain)?;
        Some(if turn[k] == gain {
            Change::TurnTo(there + k)
        } else if next_after[k] == gain {
            Change::NextAfter(there + k)
        } else {
            Change::First(there + k)
        })
    }

    fn make(&mut self, here: usize, change: Change) {
        let next = here + 1;
        let last = match change {
            Change::TurnTo(last) => {
                self.x[next..=last].reverse();
                self.y[next..=last].reverse();
                self.index[next..=last].reverse();
                last
            }
            Change::NextAfter(last) => {
                self.x[next..=last].rotate_left(1);
                self.y[next..=last].rotate_left(1);
                self.index[next..=last].rotate_left(1);
                last
            }
            Change::First(last) => {
                self.x[next..=last].rotate_right(1);
                self.y[next..=last].rotate_right(1);
                self.index[next..=last].rotate_right(1);
                last
            }
        };
        self.measure(here, last);
    }
}

fn window<const WINDOW: usize>(values: &[f32], start: usize) -> &[f32; WINDOW] {
    values[start..]
        .first_chunk()
        .expect("the stops beyond the end fill every window")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::unit;

    fn stops(places: &[[f32; 2]]) -> Vec<Stop> {
        let stop = |(index, &[x_mm, y_mm]): (usize, &[f32; 2])| Stop {
            x_mm,
            y_mm,
            index: index as u32,
        };
        places.iter().enumerate().map(stop).collect()
    }

    fn shortened(places: &[[f32; 2]]) -> Vec<u32> {
        let mut tour = stops(places);
        shorten::<16>(&mut tour);
        tour.iter().map(|stop| stop.index).collect()
    }

    fn length(tour: &[Stop]) -> f64 {
        let way = |pair: &[Stop]| (pair[1].x_mm - pair[0].x_mm).hypot(pair[1].y_mm - pair[0].y_mm);
        tour.windows(2).map(|pair| f64::from(way(pair))).sum()
    }

    #[test]
    fn each_change_is_found_where_it_pays() {
        let line = |xs: &[f32]| -> Vec<[f32; 2]> { xs.iter().map(|&x| [x, 0.0]).collect() };
        // A stretch run backwards; a stop too early; a stop too late.
        assert_eq!(
            shortened(&line(&[0.0, 3.0, 2.0, 1.0, 4.0])),
            [0, 3, 2, 1, 4]
        );
        assert_eq!(
            shortened(&line(&[0.0, 3.0, 1.0, 2.0, 4.0])),
            [0, 2, 3, 1, 4]
        );
        assert_eq!(
            shortened(&line(&[0.0, 2.0, 3.0, 1.0, 4.0])),
            [0, 3, 1, 2, 4]
        );
    }

    #[test]
    fn tours_only_get_shorter_and_keep_their_ends() {
        for count in [0, 1, 2, 3, 4, 5, 20, 500] {
            let place = |i| [unit(1, i) * 10.0, unit(2, i) * 10.0];
            let places: Vec<[f32; 2]> = (0..count).map(place).collect();
            let before = stops(&places);
            let mut after = before.clone();
            shorten::<16>(&mut after);
            assert!(length(&after) <= length(&before) * 1.000_001);
            assert_eq!(
                after.first().map(|s| s.index),
                before.first().map(|s| s.index)
            );
            assert_eq!(
                after.last().map(|s| s.index),
                before.last().map(|s| s.index)
            );
            let mut indices: Vec<u32> = after.iter().map(|stop| stop.index).collect();
            indices.sort_unstable();
            assert!(indices.into_iter().eq(0..count as u32));
        }
    }

    #[test]
    fn ties_end_long_before_the_bound_on_steps() {
        // Square grids, with every place taken twice, far from the origin: many changes gain
        // nothing but rounding.
        for offset_mm in [0.0, 1000.0, 1e6] {
            let place = |i: u16| [f32::from(i / 80), f32::from(i / 2 % 40)];
            let places: Vec<[f32; 2]> = (0..3200)
                .map(|i| place(i).map(|value| value * 0.1 + offset_mm))
                .collect();
            let mut walk = Walk::new(&crate::order::hilbert::tour(&stops(&places)), 16);
            let steps = walk.run::<16>();
            assert!(steps < 4 * places.len(), "{offset_mm}: {steps}");
        }
    }
}
