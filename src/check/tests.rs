//! Each fault is found when it is there, and only then.

use super::*;
use crate::settings::BlankSettings;

fn blank(name: &str) -> Blank {
    Blank::find(&BlankSettings {
        name: name.to_owned(),
        ..BlankSettings::default()
    })
    .unwrap()
}

fn machine() -> Machine {
    Machine::find("green-532").unwrap()
}

/// Sheets of points at 0.1 mm in the middle of the blank, deepest first.
fn sheets() -> Cloud {
    let mut cloud = Cloud::default();
    for i in 0..8000 {
        let [x, y, z] = [i % 40, i / 40 % 40, i / 1600].map(|n: i32| f64::from(n));
        cloud.push([x * 0.1 - 2.0, y * 0.1 - 2.0, z * 0.1 - 0.2].map(|mm| mm as f32));
    }
    cloud
}

fn found(cloud: &Cloud, blank: &Blank, machine: &Machine) -> Findings {
    let limits = Limits {
        blank,
        machine,
        spacing_xy_mm: machine.spacing_xy_mm,
        spacing_z_mm: machine.spacing_z_mm,
        file_bytes: Some(1_000_000),
    };
    check(cloud, &limits)
}

fn kinds(findings: &Findings) -> Vec<FaultKind> {
    findings.faults.iter().map(|fault| fault.kind).collect()
}

#[test]
fn a_sound_cloud_has_no_fault() {
    let findings = found(&sheets(), &blank("heart-30"), &machine());
    assert!(findings.safe && findings.faulty.is_empty(), "{findings}");
    assert!(findings.to_string().starts_with("safe to etch\n"));
    let measured = findings.measured.unwrap();
    let ratio = measured.spacing.least_ratio.unwrap();
    assert!((ratio - 0.1 / 0.09).abs() < 1e-9, "{ratio}");
    assert_eq!(measured.order.shot_through, 0);
    assert!((measured.density.largest_per_mm2 - 500.0).abs() < 80.0);
}

#[test]
fn each_point_at_fault_is_marked_with_its_kind() {
    let sound = sheets();
    let blank = blank("heart-30");
    for (point, kind) in [
        (sound.point(77), FaultKind::Duplicates),
        ([-1.95, -2.0, -0.2], FaultKind::Spacing),
        ([0.0, 0.0, 4.5], FaultKind::Clearance),
        ([0.0, 0.0, 5.5], FaultKind::Outside),
        ([f32::NAN, 0.0, 0.0], FaultKind::NonFinite),
    ] {
        let mut spoiled = sound.clone();
        spoiled.push(point);
        let findings = found(&spoiled, &blank, &machine());
        assert!(!findings.safe);
        assert!(kinds(&findings).contains(&kind), "{findings}");
        assert!(findings.faulty.contains(&8000), "{:?}", findings.faulty);
        assert!(
            findings
                .faults
                .iter()
                .all(|fault| !fault.message.contains('\n'))
        );
    }
}

#[test]
fn numbers_of_points_hold_beside_odd_ones() {
    let mut cloud = Cloud::default();
    cloud.push([f32::INFINITY, 0.0, 0.0]);
    for [x, y, z] in sheets().points() {
        cloud.push([x, y, z]);
    }
    cloud.push([0.0, 0.0, 9.0]);
    let findings = found(&cloud, &blank("heart-30"), &machine());
    assert_eq!(findings.faulty, [0, 8001]);
    let measured = findings.measured.unwrap();
    assert_eq!((measured.points, measured.non_finite), (8002, 1));
    assert_eq!(measured.clearance.worst[0].point, 8002);
    assert_eq!(measured.clearance.outside, 1);
}

#[test]
fn points_behind_the_bevel_are_out_of_reach() {
    let machine = Machine {
        numerical_aperture: 0.9,
        index: Some(1.5),
        ..machine()
    };
    let mut blank = blank("disc-40x12");
    blank.margin_mm = 1.0;
    let mut cloud = Cloud::default();
    // tan = 0.75: at a depth of 8 mm the cone is 6 mm wide.
    cloud.push([13.0, 0.0, -2.0]);
    cloud.push([15.0, 0.0, -2.0]);
    let findings = found(&cloud, &blank, &machine);
    assert_eq!(kinds(&findings), [FaultKind::Entry]);
    assert_eq!(findings.faulty, [1]);
}

#[test]
fn limits_of_the_machine_are_faults() {
    let machine = Machine {
        largest_count: Some(7999),
        largest_file_mb: Some(0.5),
        field_mm: [3.0, 50.0],
        depth_range_mm: 5.1,
        ..machine()
    };
    let findings = found(&sheets(), &blank("heart-30"), &machine);
    let wanted = [
        FaultKind::Count,
        FaultKind::FileSize,
        FaultKind::DepthRange,
        FaultKind::Field,
    ];
    assert_eq!(kinds(&findings), wanted);
}

#[test]
fn the_wrong_order_and_a_full_front_are_warnings() {
    let sound = sheets();
    let backwards: Vec<u32> = (0..8000).rev().collect();
    let findings = found(&sound.permuted(&backwards), &blank("heart-30"), &machine());
    assert!(findings.safe);
    assert!(findings.warnings[0].starts_with("80 % of the points are shot through"));
    let coarse = Machine {
        spacing_xy_mm: 0.1,
        spacing_z_mm: 0.1,
        ..machine()
    };
    let findings = found(&sound, &blank("heart-30"), &coarse);
    assert!(findings.warnings[0].contains("fog"), "{findings}");
}

#[test]
fn no_point_at_all_is_a_fault() {
    let findings = found(&Cloud::default(), &blank("heart-30"), &machine());
    assert_eq!(kinds(&findings), [FaultKind::Empty]);
    let json: serde_json::Value = serde_json::from_str(&findings.to_json()).unwrap();
    assert_eq!(json["safe"], false);
    assert_eq!(json["points"], 0);
    assert!(Findings::schema_json().contains("\"faults\""));
}
