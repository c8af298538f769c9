//! Tests of the matte as a stage: on composites whose matte is known exactly, and on odd input.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::random;
use crate::settings::MatteSource;

fn photo(luminance: Grid<f32>, alpha: Option<Grid<f32>>) -> Photo {
    Photo {
        luminance,
        alpha,
        warnings: Vec::new(),
    }
}

fn grey(width: usize, height: usize) -> Photo {
    photo(Grid::filled(width, height, 0.3), None)
}

fn from(source: MatteSource) -> MatteSettings {
    MatteSettings {
        source,
        ..MatteSettings::default()
    }
}

fn found_in(photo: &Photo, settings: &MatteSettings) -> Result<Matte> {
    matte(photo, Hints::default(), settings, &Run::default())
}

/// A picture in a folder of its own, which is deleted with the first part.
fn file(width: u32, height: u32, values: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("matte.png");
    image::save_buffer(&path, values, width, height, image::ExtendedColorType::L8).unwrap();
    (folder, path)
}

/// Smooth noise, -1 to 1, with features of `scale` pixels.
fn texture(seed: u64, column: usize, row: usize, scale: f32) -> f32 {
    let (x, y) = (column as f32 / scale, row as f32 / scale);
    let corner = |dx: usize, dy: usize| {
        let index = (y as usize + dy) * 4096 + x as usize + dx;
        2.0 * random::unit(seed, index as u64) - 1.0
    };
    let (fx, fy) = (x.fract(), y.fract());
    let above = corner(0, 0) * (1.0 - fx) + corner(1, 0) * fx;
    let below = corner(0, 1) * (1.0 - fx) + corner(1, 1) * fx;
    above * (1.0 - fy) + below * fy
}

/// Opacity of a disc or stroke whose edge lies `distance` pixels away, soft over `softness`.
fn edge(distance: f32, softness: f32) -> f32 {
    (0.5 + distance / softness).clamp(0.0, 1.0)
}

/// Head, hair and shoulders over leaves or a wall: the colours and the exact matte.
struct Composite {
    color: Grid<[u8; 3]>,
    matte: Grid<f32>,
}

/// Distance to a strand of hair from (`x0`, `y0`) to (`x1`, `y1`).
fn strand([x0, y0, x1, y1]: [f32; 4], x: f32, y: f32) -> f32 {
    let (dx, dy) = (x1 - x0, y1 - y0);
    let along = (((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy)).clamp(0.0, 1.0);
    (x - x0 - along * dx).hypot(y - y0 - along * dy)
}

fn composite(seed: u64, behind: [f32; 3], grain: f32) -> Composite {
    const W: usize = 300;
    const H: usize = 340;
    let strands: Vec<[f32; 4]> = (0..140)
        .map(|i| {
            let random = |axis: u64| random::unit(seed + axis, i);
            let angle = std::f32::consts::PI * (1.0 + random(10));
            let reach = 76.0 + 16.0 * random(11);
            let turned = angle + 0.3 * (random(12) - 0.5);
            [
                150.0 + 55.0 * angle.cos(),
                130.0 + 60.0 * angle.sin(),
                150.0 + reach * turned.cos(),
                130.0 + reach * turned.sin(),
            ]
        })
        .collect();
    let layers = |column: usize, row: usize| -> ([f32; 3], f32) {
        let (x, y) = (column as f32 + 0.5, row as f32 + 0.5);
        let face = edge(52.0 - ((x - 150.0) / 0.85).hypot(y - 140.0), 2.0);
        let cap = edge(66.0 - (x - 150.0).hypot(y - 128.0), 3.0);
        let body = edge(110.0 - ((x - 150.0) / 1.1).hypot((y - 330.0) / 1.1), 3.0);
        let hair = strands
            .iter()
            .map(|&ends| edge(0.9 - strand(ends, x, y), 1.2))
            .fold(cap, f32::max);
        let light = 1.0 + 0.1 * texture(seed, column, row, 9.0);
        let over = |below: ([f32; 3], f32), color: [f32; 3], alpha: f32| {
            let all = alpha + below.1 * (1.0 - alpha);
            let mixed = std::array::from_fn(|i| {
                let sum = color[i] * light * alpha + below.0[i] * below.1 * (1.0 - alpha);
                if all > 0.0 { sum / all } else { 0.0 }
            });
            (mixed, all)
        };
        let subject = over(([0.0; 3], 0.0), [50.0, 55.0, 120.0], body);
        let subject = over(subject, [60.0, 38.0, 25.0], hair);
        over(subject, [215.0, 165.0, 140.0], face)
    };
    let matte = Grid::from_fn(W, H, |column, row| layers(column, row).1);
    let color = Grid::from_fn(W, H, |column, row| {
        let (subject, alpha) = layers(column, row);
        let shade = texture(seed + 3, column, row, 30.0) + texture(seed + 4, column, row, 6.0);
        std::array::from_fn(|i| {
            let behind = behind[i] + grain * shade;
            (subject[i] * alpha + behind * (1.0 - alpha)).clamp(0.0, 255.0) as u8
        })
    });
    Composite { color, matte }
}

fn mean_error(a: &Grid<f32>, b: &Grid<f32>) -> f64 {
    let pairs = a.values().iter().zip(b.values());
    let sum: f64 = pairs.map(|(a, b)| f64::from((a - b).abs())).sum();
    sum / a.values().len() as f64
}

#[test]
fn a_head_with_hair_is_found_before_leaves_walls_and_sky() {
    let scenes = [
        ([70.0, 120.0, 60.0], 22.0),
        ([190.0, 185.0, 175.0], 8.0),
        ([120.0, 170.0, 220.0], 12.0),
        ([150.0, 95.0, 60.0], 14.0),
    ];
    for (scene, (behind, grain)) in scenes.into_iter().enumerate() {
        let Composite { color, matte } = composite(scene as u64 + 20, behind, grain);
        let found = find(&color, None, None).unwrap();
        let error = mean_error(&found.matte, &matte);
        // All background is an error of 0.36, all subject one of 0.64.
        assert!(error < 0.015, "scene {scene}: {error}");
        assert!(found.is_sure(), "scene {scene}: {}", found.confidence);
    }
}

#[test]
fn the_error_of_a_wrong_matte_is_seen() {
    let Composite { matte, .. } = composite(1, [70.0, 120.0, 60.0], 20.0);
    assert_eq!(mean_error(&matte, &matte), 0.0);
    let shifted = Grid::from_fn(300, 340, |column, row| matte.at((column + 5).min(299), row));
    assert!(mean_error(&matte, &shifted) > 0.015);
}

#[test]
fn nothing_but_texture_is_no_subject() {
    for seed in 0..4 {
        let color = Grid::from_fn(300, 200, |column, row| {
            let shade = texture(seed, column, row, 40.0) + texture(seed + 9, column, row, 7.0);
            [110.0, 120.0, 90.0].map(|value| (value + 30.0 * shade) as u8)
        });
        let confidence = find(&color, None, None).map_or(0.0, |found| found.confidence);
        assert!(confidence < SURE_FROM, "seed {seed}: {confidence}");
    }
}

#[test]
fn what_is_not_sure_is_not_used_and_told() {
    let matte = found_in(&grey(120, 90), &from(MatteSource::Auto)).unwrap();
    assert!(matte.grid.is_none() && matte.confidence == Some(0.0));
    assert_eq!(matte.share, 1.0);
    assert!(
        matte.warnings[0].contains("no subject"),
        "{:?}",
        matte.warnings
    );
}

#[test]
fn depth_finds_what_colour_cannot() {
    let color = Grid::from_fn(160, 120, |column, row| {
        [(128.0 + 20.0 * texture(5, column, row, 5.0)) as u8; 3]
    });
    let inside = |column: usize, row: usize| (column as f32 - 80.0).hypot(row as f32 - 65.0) < 35.0;
    let nearness = Grid::from_fn(160, 120, |c, r| f32::from(u8::from(inside(c, r))));
    let found = find(&color, Some(&nearness), None).unwrap();
    assert!(found.method.contains("depth"));
    let truth = Grid::from_fn(160, 120, |c, r| f32::from(u8::from(inside(c, r))));
    let error = mean_error(&found.matte, &truth);
    assert!(error < 0.08, "{error}");
}

#[test]
fn eyes_find_what_colour_cannot() {
    // Between skin and hair, and as mottled: nothing stands out.
    let scenes = [
        ([150.0, 110.0, 85.0], 70.0),
        ([150.0, 110.0, 95.0], 80.0),
        ([130.0, 100.0, 85.0], 90.0),
        ([140.0, 110.0, 100.0], 100.0),
    ];
    for (scene, (behind, grain)) in scenes.into_iter().enumerate() {
        let Composite { color, matte } = composite(scene as u64 + 40, behind, grain);
        let eyes = Eyes::in_photo([130.0, 132.0, 170.0, 132.0], (300, 340)).unwrap();
        let told = find(&color, None, Some(eyes)).unwrap();
        assert!(told.method.contains("eyes"));
        let error = mean_error(&told.matte, &matte);
        let alone = find(&color, None, None);
        let alone = alone.map_or(0.36, |found| mean_error(&found.matte, &matte));
        assert!(
            error < 0.07 && error < 0.5 * alone,
            "scene {scene}: {error}, without {alone}"
        );
    }
}

#[test]
fn eyes_are_those_of_the_photo_whatever_the_size_of_its_copy() {
    let Composite { color, matte } = composite(20, [70.0, 120.0, 60.0], 22.0);
    let twice = photo(Grid::filled(600, 680, 0.5), None);
    let hints = Hints {
        color: Some(&color),
        eyes: Some(Eyes::in_photo([260.0, 264.0, 340.0, 264.0], (600, 680)).unwrap()),
        ..Hints::default()
    };
    let found = super::matte(&twice, hints, &from(MatteSource::Auto), &Run::default()).unwrap();
    let found = found.grid.unwrap();
    let halved = Grid::from_fn(300, 340, |column, row| found.at(2 * column, 2 * row));
    assert!(mean_error(&halved, &matte) < 0.03);
}

#[test]
fn mattes_are_the_same_on_any_number_of_threads() {
    let Composite { color, .. } = composite(3, [70.0, 120.0, 60.0], 20.0);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| find(&color, None, None).unwrap())
    };
    let (one, five) = (on(1), on(5));
    assert!(one.matte == five.matte && one.confidence == five.confidence);
}

#[test]
fn the_alpha_channel_is_the_matte_and_none_is_all_of_the_photo() {
    let alpha = Grid::from_fn(40, 30, |column, _| f32::from(u8::from(column < 10)));
    let photo = photo(Grid::filled(40, 30, 0.5), Some(alpha.clone()));
    for source in [MatteSource::Alpha, MatteSource::Auto] {
        let matte = found_in(&photo, &from(source)).unwrap();
        assert!((matte.share - 0.25).abs() < 1e-9 && matte.marks_subject());
        assert_eq!(matte.grid, Some(alpha.clone()));
        assert_eq!(matte.confidence, None);
    }
    let whole = found_in(&photo, &from(MatteSource::None)).unwrap();
    assert!(whole.grid.is_none() && !whole.marks_subject());
    assert!(
        found_in(&grey(4, 3), &from(MatteSource::Alpha))
            .unwrap()
            .grid
            .is_none()
    );
}

#[test]
fn greys_of_a_file_are_opacities_at_any_size() {
    let values: Vec<u8> = (0..40 * 30)
        .map(|i| if i % 40 < 20 { 128 } else { 255 })
        .collect();
    let (_folder, path) = file(40, 30, &values);
    for (width, height) in [(40, 30), (400, 300), (20, 15), (4, 3)] {
        let settings = from(MatteSource::File(path.clone()));
        let matte = found_in(&grey(width, height), &settings).unwrap();
        let grid = matte.grid.unwrap();
        assert_eq!((grid.width(), grid.height()), (width, height));
        assert!(
            (grid.at(0, 0) - 128.0 / 255.0).abs() < 1e-3,
            "{}",
            grid.at(0, 0)
        );
        assert!((grid.at(width - 1, height - 1) - 1.0).abs() < 1e-3);
        assert!((matte.share - 0.751).abs() < 0.01, "{}", matte.share);
        assert!(matte.warnings.is_empty() && matte.source.ends_with("matte.png"));
    }
}

#[test]
fn a_cut_out_given_as_a_file_lends_its_alpha() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cutout.png");
    let values: Vec<u8> = (0..20)
        .flat_map(|i| [0, 0, 0, if i < 10 { 255 } else { 51 }])
        .collect();
    image::save_buffer(&path, &values, 5, 4, image::ExtendedColorType::Rgba8).unwrap();
    let matte = found_in(&grey(5, 4), &from(MatteSource::File(path))).unwrap();
    assert!((matte.share - 0.6).abs() < 1e-6 && matte.method.contains("alpha"));
}

#[test]
fn mattes_of_other_pictures_are_refused_with_a_remedy() {
    let fault = |size: (usize, usize), matte: (u32, u32), value: u8| {
        let (_folder, path) = file(matte.0, matte.1, &vec![value; (matte.0 * matte.1) as usize]);
        let result = found_in(&grey(size.0, size.1), &from(MatteSource::File(path)));
        result
            .map(|matte| matte.warnings.join("\n"))
            .map_err(|error| error.to_string())
    };
    assert!(
        fault((300, 200), (20, 30), 255)
            .unwrap_err()
            .contains("lies on its side")
    );
    assert!(
        fault((300, 200), (30, 30), 255)
            .unwrap_err()
            .contains("another shape")
    );
    assert!(
        fault((300, 200), (30, 20), 0)
            .unwrap_err()
            .contains("black everywhere")
    );
    assert!(
        fault((300, 200), (31, 20), 200)
            .unwrap()
            .contains("stretched")
    );
    assert!(
        fault((300, 200), (30, 20), 255)
            .unwrap()
            .contains("white everywhere")
    );
    for error in [
        fault((300, 200), (30, 30), 255),
        fault((300, 200), (30, 20), 0),
    ] {
        let error = error.unwrap_err();
        assert!(error.contains("; ") && !error.contains('\n'), "{error}");
    }
}

#[test]
fn what_is_around_the_subject_is_dropped_dimmed_or_kept() {
    let subject = Grid::from_fn(4, 1, |column, _| [1.0, 0.5, 0.0, 0.0][column]);
    let alpha = Grid::from_fn(4, 1, |column, _| [1.0, 1.0, 1.0, 0.0][column]);
    let photo = photo(Grid::filled(4, 1, 0.5), Some(alpha));
    let matte = Matte::of(subject, "file".to_owned(), "grey of a file");
    let covered = |background: f64| cover(&matte, &photo, background).unwrap();
    assert_eq!(covered(0.0).values(), [1.0, 0.5, 0.0, 0.0]);
    assert_eq!(covered(1.0).values(), [1.0, 1.0, 1.0, 0.0]);
    assert_eq!(covered(0.2).values(), [1.0, 0.6, 0.2, 0.0]);
    for background in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let settings = MatteSettings {
            background,
            ..MatteSettings::default()
        };
        let error = found_in(&photo, &settings).unwrap_err().to_string();
        assert!(error.starts_with("--background"), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_shape_of_photo_gets_a_matte_of_its_size_or_none(
        (width, height) in prop_oneof![
            (1..40usize, 1..40usize),
            (Just(1), 1..3000usize),
            (1..3000usize, 1..3usize),
            (8..12usize, 500..3000usize),
        ],
        seed in any::<u64>(),
    ) {
        let light = |c: usize, r: usize| random::unit(seed, (r * 3000 + c) as u64);
        let photo = photo(Grid::from_fn(width, height, light), None);
        let matte = found_in(&photo, &from(MatteSource::Auto)).unwrap();
        if let Some(grid) = matte.grid {
            prop_assert_eq!((grid.width(), grid.height()), (width, height));
            prop_assert!(grid.values().iter().all(|value| (0.0..=1.0).contains(value)));
        }
    }

    #[test]
    fn damaged_matte_files_are_an_error_in_one_line_or_a_matte(
        cut in 0..300usize,
        spoiled in 0..300usize,
        value in any::<u8>(),
    ) {
        let values: Vec<u8> = (0..600).map(|i| (i % 251) as u8).collect();
        let (_folder, path) = file(30, 20, &values);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.truncate(bytes.len().saturating_sub(cut));
        if let Some(byte) = bytes.get_mut(spoiled) {
            *byte = value;
        }
        std::fs::write(&path, bytes).unwrap();
        if let Err(error) = found_in(&grey(60, 40), &from(MatteSource::File(path))) {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
}
