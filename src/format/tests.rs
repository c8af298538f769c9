//! What holds for every format, over [`Format::ALL`]; what holds for one is tested in its file.

use proptest::prelude::*;

use super::*;
use crate::settings::DxfDialect;

/// The points of a file of that name.
pub(super) fn points_of(name: &str, bytes: &[u8]) -> Vec<[f32; 3]> {
    read_bytes(Path::new(name), bytes)
        .unwrap()
        .points()
        .collect()
}

/// Reads what must be refused; the message without the path.
pub(super) fn refusal(name: &str, bytes: &[u8]) -> String {
    let error = read_bytes(Path::new(name), bytes).expect_err(name);
    let message = error.to_string();
    assert!(!message.contains('\n'), "one line: {message}");
    assert!(matches!(error, Error::Content { .. }), "{message}");
    let start = format!("{name}: ");
    message.strip_prefix(&start).expect("the path").to_owned()
}

fn bytes_of(cloud: &Cloud, format: Format, text: &TextSettings) -> Result<Vec<u8>> {
    let comment = "made by a test, größer\nthan ASCII".to_owned();
    let mut bytes = Vec::new();
    let path = Path::new("test");
    write_with(cloud, format, &[comment], text, path, &mut bytes).map(|()| bytes)
}

/// Writes and reads back through a file, as a user does.
fn round_trip(cloud: &Cloud, format: Format, text: &TextSettings) -> Result<Cloud> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder
        .path()
        .join("cloud")
        .with_extension(format.extension());
    let comment = "made by a test, größer\nthan ASCII".to_owned();
    write_whole(&path, |out| {
        write_with(cloud, format, &[comment], text, &path, out)
    })?;
    read(&path)
}

fn on_grid(points: &[[i32; 3]], step: f64) -> Cloud {
    let mut cloud = Cloud::default();
    for point in points {
        cloud.push(point.map(|n| (f64::from(n) * step) as f32));
    }
    cloud
}

/// Formats that end neither with a count nor with a mark, so that a lost tail cannot be noticed.
fn may_lose_its_tail(format: Format) -> bool {
    // Text with a count can still lose digits of its last number.
    format.is_columns()
        || matches!(
            format,
            Format::Obj | Format::PlyAscii | Format::PcdAscii | Format::Pts
        )
}

#[test]
fn an_empty_cloud_survives_every_format() {
    for format in Format::ALL {
        match round_trip(&Cloud::default(), format, &TextSettings::default()) {
            Ok(cloud) => assert!(cloud.is_empty(), "{format:?}"),
            // Text without a header has nothing to say, and Beam Studio takes no empty file.
            Err(error) => assert!(format.is_columns() || format == Format::Bspc, "{error}"),
        }
    }
}

#[test]
fn coordinates_without_digits_are_not_written() {
    for bad in [f32::NAN, f32::INFINITY, 1e9] {
        let mut cloud = on_grid(&[[0, 0, 0]], 1.0);
        cloud.push([0.0, bad, 0.0]);
        for format in Format::ALL {
            let error = bytes_of(&cloud, format, &TextSettings::default()).unwrap_err();
            assert!(error.to_string().contains("point 2 has y = "), "{error}");
        }
    }
}

#[test]
fn comments_tell_units_and_frame_where_there_is_room() {
    let cloud = on_grid(&[[1, 2, 3]], 1.0);
    for format in Format::ALL {
        let bytes = bytes_of(&cloud, format, &TextSettings::default()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let has_room = !format.is_columns()
            && !matches!(
                format,
                Format::Dxf(DxfDialect::Cockpit | DxfDialect::Venus3d)
                    | Format::Pts
                    | Format::Bspc
                    | Format::Npy
            );
        assert_eq!(
            FRAME.iter().all(|line| text.contains(line)),
            has_room,
            "{format:?}"
        );
        assert_eq!(
            text.contains("made by a test, gr??er than ASCII"),
            has_room,
            "{format:?}"
        );
    }
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    let points: Vec<[i32; 3]> = (0..50_000).map(|i| [i, 3 * i % 1000, -i]).collect();
    let cloud = on_grid(&points, 0.001);
    for format in Format::ALL {
        let [one, three] = [1, 3].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| bytes_of(&cloud, format, &TextSettings::default()).unwrap())
        });
        assert!(one == three, "{format:?}");
    }
}

#[test]
fn columns_survive_with_every_setting() {
    let cloud = on_grid(&[[1, -2, 3], [-40_000, 50_000, 60]], 0.01);
    let separators = [
        Separator::Space,
        Separator::Tab,
        Separator::Comma,
        Separator::Semicolon,
    ];
    for format in Format::ALL {
        for separator in separators.map(Some) {
            for decimals in TextSettings::DECIMALS {
                let text = TextSettings {
                    separator,
                    header: true,
                    decimals: Some(decimals),
                };
                let found = round_trip(&cloud, format, &text).unwrap();
                assert_eq!(found, cloud, "{format:?} {text:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn clouds_survive_every_format_within_its_precision(
        points in prop::collection::vec([-62_500_i32..62_500, -62_500..62_500, -30_000..30_000], 1..200)
    ) {
        let fine = on_grid(&points, 0.001);
        let coarse = on_grid(&points, 0.01);
        let text = TextSettings::default();
        for format in Format::ALL {
            prop_assert_eq!(&round_trip(&coarse, format, &text).unwrap(), &coarse, "{:?}", format);
            if format.decimals() != Some(2) {
                prop_assert_eq!(&round_trip(&fine, format, &text).unwrap(), &fine, "{:?}", format);
            }
        }
    }

    #[test]
    fn clouds_off_the_grid_move_by_half_a_step_at_most(
        points in prop::collection::vec([-150.0_f32..150.0, -150.0..150.0, -150.0..150.0], 1..50)
    ) {
        let mut cloud = Cloud::default();
        points.iter().for_each(|&point| cloud.push(point));
        for format in Format::ALL {
            let found = round_trip(&cloud, format, &TextSettings::default()).unwrap();
            prop_assert_eq!(found.len(), cloud.len());
            // Half a step of the format, and half a step of single precision at 150 mm.
            let step = format.decimals().map_or(0.0, |decimals| 0.5 * 0.1_f64.powi(decimals as i32) + 7.7e-6);
            for (a, b) in cloud.points().flatten().zip(found.points().flatten()) {
                prop_assert!((f64::from(a) - f64::from(b)).abs() <= step, "{:?}: {} {}", format, a, b);
            }
        }
    }

    #[test]
    fn damaged_files_are_refused_or_read_and_never_panic(
        cut in 0.0_f64..1.0, place in 0.0_f64..1.0, byte in any::<u8>()
    ) {
        let cloud = on_grid(&[[1, 2, 3], [-400, 500, 60], [7, 8, -9]], 0.01);
        for format in Format::ALL {
            let mut bytes = Vec::new();
            write(&cloud, format, &[], Path::new("test"), &mut bytes).unwrap();
            let name = format!("cloud.{}", format.extension());
            let name = Path::new(&name);
            let cut = (cut * bytes.len() as f64) as usize;
            if let Ok(read) = read_bytes(name, &bytes[..cut]) {
                let only_newlines_lost = bytes[cut..].iter().all(|byte| *byte == b'\n');
                prop_assert!(may_lose_its_tail(format) || only_newlines_lost, "{:?}", format);
                prop_assert!(read.len() <= cloud.len());
            }
            let place = (place * bytes.len() as f64) as usize;
            bytes[place] = byte;
            if let Ok(read) = read_bytes(name, &bytes) {
                prop_assert!(read.len() <= cloud.len() + 1);
                prop_assert!(read.points().flatten().all(f32::is_finite));
            }
        }
    }
}

#[test]
fn a_name_with_any_case_is_known() {
    let cloud = on_grid(&[[1, 2, 3]], 1.0);
    for format in Format::ALL {
        let bytes = bytes_of(&cloud, format, &TextSettings::default()).unwrap();
        let name = format!("CLOUD.{}", format.extension().to_uppercase());
        assert_eq!(points_of(&name, &bytes), [[1.0, 2.0, 3.0]], "{format:?}");
    }
}
