//! The sequence of etching: a permutation; points never move here.
//!
//! Deepest points come first, since a point in the beam's way scatters the shots behind it. The
//! cloud is cut into slabs along the beam ([`Slabs`]). Within a slab only the travel counts: its
//! points are put along a Hilbert curve (`hilbert.rs`), and detours and crossings between close
//! stops of that tour are then taken out (`shorten.rs`), but for drafts. A slab is run backwards where that brings
//! its start nearer to the end of the one below.
//!
//! The tour is not the shortest: `benches/ordering.rs` compares it with others.

mod hilbert;
mod shorten;
mod slabs;

use rayon::prelude::*;

use crate::cloud::Cloud;

pub use slabs::Slabs;

/// A point on its way to a place in the tour.
#[derive(Clone, Copy, Debug)]
struct Stop {
    x_mm: f32,
    y_mm: f32,
    index: u32,
}

/// How much work goes into a short travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// The Hilbert curve alone, a third of the work for 12 % more travel: for drafts, which are looked at
    /// more often than etched.
    Rough,
    /// 110 to 140 ns of one core for a point (`benches/ordering.rs`). Default.
    #[default]
    Quick,
    /// Twice the work for 2 to 4 % less travel; it pays where the jump speed, not the pulse rate,
    /// sets the time.
    Thorough,
}

/// Deepest first (least z) in slabs of `slab_mm`, short travel within a slab.
///
/// # Guarantees
///
/// - The result is a permutation of `0..cloud.len()`.
/// - [`Slabs::of`] of the points never falls along it.
/// - It is the same on any number of threads.
///
/// # Panics
///
/// If the cloud has more than `u32::MAX` points.
#[must_use]
pub fn deepest_first(cloud: &Cloud, slab_mm: f64) -> Vec<u32> {
    deepest_first_with(cloud, slab_mm, Effort::Quick)
}

/// As [`deepest_first`], with a choice of effort.
///
/// # Panics
///
/// If the cloud has more than `u32::MAX` points.
#[must_use]
pub fn deepest_first_with(cloud: &Cloud, slab_mm: f64, effort: Effort) -> Vec<u32> {
    assert!(u32::try_from(cloud.len()).is_ok(), "indices are u32");
    let (mut order, starts) = Slabs::new(slab_mm).sorted(cloud.z_mm());
    let mut slabs = split(&mut order, &starts);
    slabs
        .par_iter_mut()
        .for_each(|slab| shorten_travel(cloud, slab, effort));
    join(cloud, slabs);
    order
}

/// The parts of `order` between neighbours of `starts`.
fn split<'a>(mut order: &'a mut [u32], starts: &[usize]) -> Vec<&'a mut [u32]> {
    let mut parts = Vec::with_capacity(starts.len() - 1);
    for ends in starts.windows(2) {
        let (part, rest) = order.split_at_mut(ends[1] - ends[0]);
        parts.push(part);
        order = rest;
    }
    parts
}

/// Orders the points of one slab.
fn shorten_travel(cloud: &Cloud, slab: &mut [u32], effort: Effort) {
    let (x_mm, y_mm) = (cloud.x_mm(), cloud.y_mm());
    let stops: Vec<Stop> = slab
        .iter()
        .map(|&index| Stop {
            x_mm: x_mm[index as usize],
            y_mm: y_mm[index as usize],
            index,
        })
        .collect();
    let mut tour = hilbert::tour(&stops);
    match effort {
        Effort::Rough => {}
        Effort::Quick => shorten::shorten::<16>(&mut tour),
        Effort::Thorough => shorten::shorten::<64>(&mut tour),
    }
    for (place, stop) in slab.iter_mut().zip(&tour) {
        *place = stop.index;
    }
}

/// Turns slabs around where that shortens the way from the end of the slab before.
fn join(cloud: &Cloud, slabs: Vec<&mut [u32]>) {
    let mut end: Option<u32> = None;
    let mut turned = Vec::new();
    for slab in slabs {
        let (first, last) = (slab[0], slab[slab.len() - 1]);
        let way_mm = |to: u32| end.map_or(0.0, |from| distance_mm(cloud, from, to));
        if way_mm(last) < way_mm(first) {
            end = Some(first);
            turned.push(slab);
        } else {
            end = Some(last);
        }
    }
    turned.into_par_iter().for_each(<[u32]>::reverse);
}

fn distance_mm(cloud: &Cloud, from: u32, to: u32) -> f32 {
    let ([x0, y0, _], [x1, y1, _]) = (cloud.point(from as usize), cloud.point(to as usize));
    ((x1 - x0).powi(2) + (y1 - y0).powi(2)).sqrt()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::random::unit;

    /// `count` points in a box, in layers that follow a slope.
    fn cloud(count: u64, seed: u64, side_mm: f32, depth_mm: f32) -> Cloud {
        let mut cloud = Cloud::default();
        for i in 0..count {
            let at = |stream: u64| unit(seed.wrapping_mul(4) + stream, i) - 0.5;
            let (x, y) = (side_mm * at(0), side_mm * at(1));
            cloud.push([x, y, depth_mm * (at(2) * 8.0).round() / 8.0 + 0.1 * x]);
        }
        cloud
    }

    fn travel_mm(cloud: &Cloud, order: &[u32]) -> f64 {
        let ways = order
            .windows(2)
            .map(|pair| distance_mm(cloud, pair[0], pair[1]));
        ways.map(f64::from).sum()
    }

    #[test]
    fn the_empty_cloud_has_the_empty_order() {
        assert!(deepest_first(&Cloud::default(), 0.1).is_empty());
    }

    #[test]
    fn the_deepest_layer_comes_first_whatever_the_rounding() {
        // Layers at multiples of the slab, as flat photos have them.
        let mut cloud = Cloud::default();
        for layer in [2u16, 0, 7, 5, 1, 3, 6, 4] {
            for i in 0..10u16 {
                cloud.push([f32::from(i), 0.0, -0.09 * f32::from(layer)]);
            }
        }
        let order = deepest_first(&cloud, 0.09);
        let z: Vec<f32> = order.iter().map(|&i| cloud.z_mm()[i as usize]).collect();
        assert!(z.is_sorted(), "{z:?}");
    }

    #[test]
    fn travel_is_near_that_of_a_good_tour() {
        // The shortest tour of n random points on an area A is 0.7124 sqrt(n A) for large n
        // (Johnson, McGeoch 1997).
        let count = 40_000u32;
        let cloud = cloud(u64::from(count), 3, 20.0, 0.0);
        let shortest_mm = 0.7124 * (f64::from(count) * 400.0).sqrt();
        let efforts = [
            (Effort::Rough, 1.42),
            (Effort::Quick, 1.2),
            (Effort::Thorough, 1.17),
        ];
        for (effort, most) in efforts {
            let order = deepest_first_with(&cloud, 100.0, effort);
            let ratio = travel_mm(&cloud, &order) / shortest_mm;
            assert!(ratio < most, "{effort:?} {ratio}");
        }
    }

    #[test]
    fn odd_numbers_are_ordered_without_a_panic() {
        let mut cloud = Cloud::default();
        for x in [
            f32::NAN,
            f32::INFINITY,
            1e30,
            -1e30,
            0.0,
            0.0,
            f32::MIN_POSITIVE,
        ] {
            cloud.push([x, 0.0, 0.0]);
            cloud.push([0.0, x, x]);
        }
        for slab_mm in [0.1, 0.0, -1.0, f64::NAN, f64::INFINITY] {
            let mut order = deepest_first(&cloud, slab_mm);
            order.sort_unstable();
            assert!(order.into_iter().eq(0..14));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_order_is_a_permutation_by_slabs_and_the_same_on_any_threads(
            count in 0u64..3000,
            seed in 0u64..1000,
            side_mm in prop::sample::select(vec![0.0f32, 1e-3, 1.0, 30.0, 1e4]),
            depth_mm in prop::sample::select(vec![0.0f32, 0.5, 10.0, 1e5]),
            slab_mm in prop::sample::select(vec![1e-9, 0.03, 0.09, 1.0, 1e9]),
        ) {
            let cloud = cloud(count, seed, side_mm, depth_mm);
            let on = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
                pool.build().unwrap().install(|| deepest_first(&cloud, slab_mm))
            };
            let order = on(1);
            prop_assert_eq!(&order, &on(3));
            let slabs = Slabs::new(slab_mm);
            let in_order = order.iter().map(|&i| slabs.of(cloud.z_mm()[i as usize]));
            prop_assert!(in_order.is_sorted());
            let mut sorted = order;
            sorted.sort_unstable();
            prop_assert!(sorted.into_iter().eq(0..cloud.len() as u32));
        }
    }
}
