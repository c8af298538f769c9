//! Nothing changes unasked; what is asked for holds.

use proptest::prelude::*;

use super::*;
use crate::check::{FaultKind, Limits, check};
use crate::machine::Units;
use crate::random;
use crate::settings::BlankSettings;

fn parts(name: &str) -> (Blank, Machine) {
    let blank = Blank::find(&BlankSettings {
        name: name.to_owned(),
        ..BlankSettings::default()
    });
    (blank.unwrap(), Machine::find("green-532").unwrap())
}

fn written(decimals: Option<u32>) -> Written {
    Written {
        coordinates: Coordinates::default(),
        decimals,
        thickness_mm: 10.0,
    }
}

fn scattered(count: u64, seed: u64, side_mm: f32) -> Cloud {
    let mut cloud = Cloud::default();
    for i in 0..count {
        let at = |axis| side_mm * (random::unit(seed * 3 + axis, i) - 0.5);
        cloud.push([at(1), at(2), at(3)]);
    }
    cloud
}

fn converted(cloud: &Cloud, steps: &Steps, written: Written) -> (Cloud, Summary) {
    let (blank, machine) = parts("heart-30");
    let purpose = Purpose {
        blank: &blank,
        machine: &machine,
        spacing_xy_mm: 0.08,
        spacing_z_mm: 0.09,
        written,
    };
    convert(cloud, steps, &purpose).unwrap()
}

#[test]
fn nothing_moves_unasked() {
    let cloud = scattered(5000, 1, 50.0);
    for decimals in [Some(2), Some(4), None] {
        let (out, summary) = converted(&cloud, &Steps::default(), written(decimals));
        assert_eq!(out, cloud);
        assert_eq!(
            (summary.points, summary.trimmed, summary.thinned),
            (5000, 0, 0)
        );
        assert!(summary.respaced.is_none() && summary.fit.is_none());
    }
}

#[test]
fn rounding_that_breaks_the_spacing_is_told() {
    let mut cloud = Cloud::default();
    // 0.0802 mm apart; two decimals make 0.06 across and 0.05 up of it, 0.078 mm.
    cloud.push([0.006, 0.0, 0.0]);
    cloud.push([0.0715, 0.0462, 0.0]);
    let (_, fine) = converted(&cloud, &Steps::default(), written(Some(4)));
    assert!(fine.warnings.is_empty(), "{:?}", fine.warnings);
    let (_, coarse) = converted(&cloud, &Steps::default(), written(Some(2)));
    assert!(
        coarse.warnings[0].contains("rounding"),
        "{:?}",
        coarse.warnings
    );
    let steps = Steps {
        respace: true,
        ..Steps::default()
    };
    let (out, mended) = converted(&cloud, &steps, written(Some(2)));
    assert!(mended.warnings.is_empty());
    assert_eq!((out.len(), mended.respaced.unwrap().moved), (2, 1));
}

#[test]
fn a_mirror_flips_one_axis() {
    let cloud = scattered(10, 2, 5.0);
    let steps = Steps {
        mirror: Mirror::X,
        ..Steps::default()
    };
    let (out, _) = converted(&cloud, &steps, written(None));
    for (a, b) in cloud.points().zip(out.points()) {
        assert_eq!([-a[0], a[1], a[2]], b);
    }
}

#[test]
fn an_order_is_deepest_first_and_loses_nothing() {
    let cloud = scattered(3000, 3, 5.0);
    let steps = Steps {
        reorder: true,
        ..Steps::default()
    };
    let (out, summary) = converted(&cloud, &steps, written(None));
    assert!(summary.reordered);
    let sorted = |cloud: &Cloud| {
        let mut points: Vec<[u32; 3]> = cloud.points().map(|p| p.map(f32::to_bits)).collect();
        points.sort_unstable();
        points
    };
    assert_eq!(sorted(&out), sorted(&cloud));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn all_together_give_a_file_that_is_safe(
        count in 50_u64..4000, seed in 0_u64..1000, side_mm in 1.0_f32..80.0, fit: bool,
        decimals in prop::sample::select(vec![Some(2), Some(4), None]),
        units in prop::sample::select(vec![Units::Mm, Units::In]),
        frame in prop::sample::select(vec![FileFrame::Portrait, FileFrame::Bed]),
    ) {
        // Two decimals of an inch are three spacings.
        prop_assume!(units == Units::Mm || decimals != Some(2));
        let (blank, machine) = parts("heart-30");
        let written = Written {
            coordinates: Coordinates { frame, units },
            decimals,
            thickness_mm: 10.0,
        };
        let purpose = Purpose {
            blank: &blank,
            machine: &machine,
            spacing_xy_mm: 0.08,
            spacing_z_mm: 0.09,
            written,
        };
        let steps = Steps { fit, trim: true, respace: true, reorder: true, ..Steps::default() };
        let cloud = scattered(count, seed, side_mm);
        let Ok((out, summary)) = convert(&cloud, &steps, &purpose) else { return Ok(()) };
        let limits = Limits {
            blank: &blank,
            machine: &machine,
            spacing_xy_mm: 0.08,
            spacing_z_mm: 0.09,
            file_bytes: None,
        };
        let findings = check(&written.read_back(&out), &limits);
        prop_assert!(findings.safe, "{}", findings);
        prop_assert!(!findings.faults.iter().any(|fault| fault.kind == FaultKind::Entry));
        let moves = summary.respaced.unwrap();
        prop_assert_eq!(summary.points + moves.dropped + summary.trimmed, count);
        prop_assert!(summary.warnings.is_empty(), "{:?}", summary.warnings);
        if fit {
            prop_assert_eq!(summary.trimmed, 0);
        }
    }

    #[test]
    fn thinning_meets_its_budget(count in 1_u64..3000, budget in 1_u64..3000, seed in 0_u64..100) {
        let cloud = scattered(count, seed, 8.0);
        let steps = Steps { thin: Some(budget), ..Steps::default() };
        let (out, summary) = converted(&cloud, &steps, written(Some(4)));
        prop_assert_eq!(out.len() as u64, budget.min(count));
        prop_assert_eq!(summary.thinned, count.saturating_sub(budget));
    }
}
