//! How long a machine needs: its profile run on paper over the points in their order.
//!
//! A move takes the settling time plus its length over the jump speed, and the slab change on top
//! where the next point lies in another slab of depth; a point takes its move or one period of the
//! pulse rate, whichever is longer. Acceleration, loading and warming up are not in it.

use rayon::prelude::*;

use super::Machine;
use crate::cloud::Cloud;
use crate::order::Slabs;

/// What a machine needs for a cloud.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Time, s.
    pub seconds: f64,
    /// Way of the focus from point to point, mm.
    pub travel_mm: f64,
}

/// Moves in one piece of the sum. Pieces are fixed and added in order, so that the sum does not
/// depend on threads; 64 k moves take about 0.3 ms.
const CHUNK: usize = 1 << 16;

impl Estimate {
    /// Both, one after the other.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            seconds: self.seconds + other.seconds,
            travel_mm: self.travel_mm + other.travel_mm,
        }
    }
}

impl Machine {
    /// Time and travel for a cloud, etched in its order, in slabs of depth this thick, mm: one spacing along the
    /// beam, as it was ordered.
    ///
    /// Linear in the points, in parallel.
    #[must_use]
    pub fn estimate(&self, cloud: &Cloud, slab_mm: f64) -> Estimate {
        if cloud.is_empty() {
            return Estimate::default();
        }
        let moves = cloud.len() - 1;
        let parts: Vec<Estimate> = (0..moves.div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let first = chunk * CHUNK;
                self.estimate_moves(cloud, slab_mm, first, (first + CHUNK).min(moves))
            })
            .collect();
        let start = Estimate {
            seconds: 1.0 / self.rate_hz,
            travel_mm: 0.0,
        };
        parts.into_iter().fold(start, Estimate::and)
    }

    /// The moves `first..end`; move `i` goes from point `i` to point `i + 1`.
    fn estimate_moves(&self, cloud: &Cloud, slab_mm: f64, first: usize, end: usize) -> Estimate {
        let slabs = Slabs::new(slab_mm);
        let period_s = 1.0 / self.rate_hz;
        let settle_s = self.settle_ms / 1000.0;
        let slab_change_s = self.slab_change_ms / 1000.0;
        let s_per_mm = 1.0 / self.jump_mm_s;
        let points = first..end + 1;
        let (x, y, z) = (
            &cloud.x_mm()[points.clone()],
            &cloud.y_mm()[points.clone()],
            &cloud.z_mm()[points],
        );
        let mut sum = Estimate::default();
        let mut slab = slabs.of(z[0]);
        for ((x, y), z) in x.windows(2).zip(y.windows(2)).zip(z.windows(2)) {
            let step = |pair: &[f32]| f64::from(pair[1]) - f64::from(pair[0]);
            let (dx, dy, dz) = (step(x), step(y), step(z));
            let length_mm = (dx * dx + dy * dy + dz * dz).sqrt();
            let next_slab = slabs.of(z[1]);
            let change_s = if next_slab == slab {
                0.0
            } else {
                slab_change_s
            };
            slab = next_slab;
            sum.seconds += period_s.max(settle_s + change_s + length_mm * s_per_mm);
            sum.travel_mm += length_mm;
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine {
            rate_hz: 1000.0,
            jump_mm_s: 100.0,
            settle_ms: 0.5,
            slab_change_ms: 50.0,
            ..Machine::find("green-532").unwrap()
        }
    }

    fn cloud(points: &[[f32; 3]]) -> Cloud {
        let mut cloud = Cloud::default();
        points.iter().for_each(|&point| cloud.push(point));
        cloud
    }

    #[test]
    fn an_empty_cloud_takes_no_time() {
        let none = machine().estimate(&Cloud::default(), 0.1);
        assert_eq!(none, Estimate::default());
    }

    #[test]
    fn each_move_takes_what_the_profile_says() {
        let points = [
            [0.0, 0.0, 0.0],      // 1 ms: the first pulse
            [0.03125, 0.0, 0.0],  // 0.8125 ms of moving: the rate holds it at 1 ms
            [1.03125, 0.0, 0.0],  // 0.5 + 10 ms
            [1.03125, 1.0, 0.25], // 0.5 + 50 + 10 sqrt(1 + 1/16) ms
        ];
        let estimate = machine().estimate(&cloud(&points), 0.1);
        let last_mm = 1.0625f64.sqrt();
        let seconds = (1.0 + 1.0 + 10.5 + 50.5 + 10.0 * last_mm) / 1000.0;
        assert!((estimate.seconds - seconds).abs() < 1e-12, "{estimate:?}");
        assert!((estimate.travel_mm - (1.03125 + last_mm)).abs() < 1e-12);
        // In a thicker slab the last point needs no change.
        let thick = machine().estimate(&cloud(&points), 0.5);
        assert!(
            (estimate.seconds - thick.seconds - 0.05).abs() < 1e-12,
            "{thick:?}"
        );
    }

    #[test]
    fn the_sum_is_the_same_on_any_number_of_threads() {
        let mut line = Cloud::default();
        for i in 0..150_000u64 {
            let unit = |stream| crate::random::unit(stream, i) * 30.0;
            line.push([unit(1), unit(2), unit(3)]);
        }
        let on = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            pool.build()
                .unwrap()
                .install(|| machine().estimate(&line, 0.1))
        };
        let one = on(1);
        assert_eq!(one.seconds.to_bits(), on(3).seconds.to_bits());
        // Pieces meet without losing the move between them.
        let whole = machine().estimate_moves(&line, 0.1, 0, line.len() - 1);
        assert!((one.seconds - whole.seconds - 0.001).abs() < 1e-6 * whole.seconds);
        assert!((one.travel_mm - whole.travel_mm).abs() < 1e-6 * whole.travel_mm);
    }
}
