use std::sync::OnceLock;

use nalgebra::Point2;
use proptest::prelude::*;

use super::*;
use crate::blank::Blank;
use crate::eyes::Eyes;
use crate::grid::Grid;
use crate::placement::{CropMethod, Placement, Subject, place, sine_and_cosine};
use crate::random;
use crate::settings::{BlankSettings, Cropping, PlacementSettings};
use crate::units::Degrees;

/// The safe volumes of all hearts of the table.
fn hearts() -> &'static [SafeVolume] {
    static HEARTS: OnceLock<Vec<SafeVolume>> = OnceLock::new();
    HEARTS.get_or_init(|| {
        let names = Blank::all().into_iter().map(|blank| blank.name);
        let hearts = names.filter(|name| name.starts_with("heart"));
        let volume = |name| {
            let settings = BlankSettings {
                name,
                ..BlankSettings::default()
            };
            Blank::find(&settings).unwrap().safe_volume().unwrap()
        };
        hearts.map(volume).collect()
    })
}

/// Head and shoulders; sides in shares of the photo's.
fn bust(width: usize, height: usize, head: [f32; 4], body: [f32; 4]) -> Grid<f32> {
    Grid::from_fn(width, height, |column, row| {
        let u = (column as f32 + 0.5) / width as f32;
        let v = (row as f32 + 0.5) / height as f32;
        let inside = |[x, y, across, along]: [f32; 4]| {
            let off = ((u - x) / across).hypot((v - y) / along);
            ((1.0 - off) * 20.0 + 0.5).clamp(0.0, 1.0)
        };
        inside(head).max(inside(body))
    })
}

fn portrait() -> Grid<f32> {
    bust(600, 800, [0.5, 0.35, 0.18, 0.2], [0.5, 1.0, 0.45, 0.42])
}

fn placed(matte: &Grid<f32>, volume: &SafeVolume, background: bool, degrees: f64) -> Placement {
    let settings = PlacementSettings {
        rotate_degrees: Degrees::new(degrees).unwrap(),
        ..PlacementSettings::default()
    };
    let subject = Subject {
        matte: Some(matte),
        eyes: None,
        background,
    };
    place(
        matte.width(),
        matte.height(),
        &settings,
        volume,
        Some(subject),
    )
    .unwrap()
}

/// Pixels of the head that show and lie outside of the safe area, and all that show.
fn head_pixels(
    matte: &Grid<f32>,
    volume: &SafeVolume,
    placed: &Placement,
    degrees: f64,
) -> (usize, usize) {
    let silhouette = Silhouette::of(matte, None, sine_and_cosine(degrees)).unwrap();
    let (mut outside, mut all) = (0, 0);
    for row in 0..matte.height() {
        for column in 0..matte.width() {
            if silhouette.is_head(column, row) {
                let at = Point2::new(column as f64 + 0.5, row as f64 + 0.5);
                let at = placed.photo_to_blank * at;
                all += 1;
                outside += usize::from(volume.inset_mm.at_mm(at.x, at.y) < 0.0);
            }
        }
    }
    (outside, all)
}

#[test]
fn the_head_of_a_portrait_is_whole_in_every_heart_and_large() {
    let matte = portrait();
    for volume in hearts() {
        let placed = placed(&matte, volume, false, 0.0);
        assert_eq!(placed.crop_method, CropMethod::Auto);
        let (outside, all) = head_pixels(&matte, volume, &placed, 0.0);
        assert!(outside == 0 && all > 40_000, "{outside} of {all}");
        assert_eq!(placed.head_cut, Some(0.0));
        let [left, _, right, _] = volume.bounds_mm();
        let head_mm = 0.36 * 600.0 * placed.mm_per_photo_px;
        // The least is that of the smallest heart, where the head stands below the hole.
        assert!(
            head_mm > 0.18 * (right - left),
            "{head_mm} mm in {left} to {right} mm"
        );
    }
}

#[test]
fn the_plain_cover_cuts_that_head_and_says_so() {
    let matte = bust(600, 600, [0.5, 0.22, 0.2, 0.22], [0.5, 0.95, 0.45, 0.5]);
    let settings = PlacementSettings {
        crop: Some(Cropping::None),
        ..PlacementSettings::default()
    };
    let subject = Subject {
        matte: Some(&matte),
        eyes: None,
        background: false,
    };
    for volume in hearts() {
        let placed = place(600, 600, &settings, volume, Some(subject)).unwrap();
        let (outside, _) = head_pixels(&matte, volume, &placed, 0.0);
        assert!(outside > 0);
        let warnings = placed.warnings.join("\n");
        assert!(
            warnings.contains("% of its head") && warnings.contains("--crop auto"),
            "{warnings}"
        );
    }
}

#[test]
fn without_a_matte_the_eyes_keep_the_head_whole() {
    // With room above: below the cleft and the hole.
    let eyes_px = [270.0, 360.0, 330.0, 355.0];
    let eyes = Eyes::in_photo(eyes_px, (600, 800)).unwrap();
    let subject = Subject {
        matte: None,
        eyes: Some(eyes),
        background: true,
    };
    for volume in hearts() {
        let settings = PlacementSettings::default();
        let placed = place(600, 800, &settings, volume, Some(subject)).unwrap();
        assert_eq!(placed.crop_method, CropMethod::Auto);
        assert_eq!((placed.subject_cut, placed.head_cut), (None, Some(0.0)));
        assert!(
            placed
                .warnings
                .iter()
                .all(|warning| !warning.contains("head"))
        );
        // From the hair to the chin, and the photo still covers the heart.
        for at in [[0.0, -2.0], [0.0, 1.8], [-1.5, 0.0], [1.5, 0.0]] {
            let [x, y] = eyes.to_px(at[0], at[1]);
            let at = placed.photo_to_blank * Point2::new(x, y);
            assert!(volume.inset_mm.at_mm(at.x, at.y) >= 0.0, "{at}");
        }
        let Crop {
            x_px,
            y_px,
            width_px,
            height_px,
        } = placed.crop;
        assert!(
            x_px >= 0.0 && x_px + width_px <= 600.0 && y_px >= 0.0 && y_px + height_px <= 800.0
        );
    }
}

#[test]
fn the_head_is_what_shows_around_the_eyes() {
    // Hands up: by its outline alone, the arms would be a part of the head.
    let matte = Grid::from_fn(400, 600, |column, row| {
        let head = (column as f32 - 200.0).hypot((row as f32 - 200.0) / 1.3) < 50.0;
        let arms = [60, 340]
            .iter()
            .any(|&x: &usize| column.abs_diff(x) < 20 && row > 20);
        f32::from(u8::from(
            head || arms || (row > 260 && column.abs_diff(200) < 150),
        ))
    });
    let eyes = Eyes::in_photo([180.0, 200.0, 220.0, 200.0], (400, 600)).unwrap();
    let told = Silhouette::of(&matte, Some(eyes), (0.0, 1.0)).unwrap();
    assert!(told.is_head(200, 150) && !told.is_head(60, 100) && !told.is_head(200, 400));
    assert!(
        Silhouette::of(&matte, None, (0.0, 1.0))
            .unwrap()
            .is_head(60, 100)
    );
    // Eyes where nothing shows tell nothing.
    let astray = Eyes::in_photo([190.0, 5.0, 200.0, 5.0], (400, 600)).unwrap();
    let by_outline = Silhouette::of(&matte, Some(astray), (0.0, 1.0)).unwrap();
    assert!(by_outline.is_head(60, 100));
}

#[test]
fn a_kept_background_fills_the_heart() {
    let matte = portrait();
    for volume in hearts() {
        let crop = placed(&matte, volume, true, 0.0).crop;
        assert!(
            crop.x_px >= 0.0 && crop.x_px + crop.width_px <= 600.0,
            "{crop:?}"
        );
        assert!(
            crop.y_px >= 0.0 && crop.y_px + crop.height_px <= 800.0,
            "{crop:?}"
        );
    }
}

#[test]
fn what_is_given_counts_before_the_subject() {
    let matte = portrait();
    let subject = Subject {
        matte: Some(&matte),
        eyes: None,
        background: false,
    };
    let method = |settings: &PlacementSettings| {
        let placed = place(600, 800, settings, &hearts()[0], Some(subject));
        placed.unwrap().crop_method
    };
    let with = |change: fn(&mut PlacementSettings)| {
        let mut settings = PlacementSettings::default();
        change(&mut settings);
        method(&settings)
    };
    assert_eq!(with(|_| ()), CropMethod::Auto);
    assert_eq!(with(|s| s.zoom = 1.2), CropMethod::Whole);
    assert_eq!(
        with(|s| s.fit = Some(crate::settings::Fit::Cover)),
        CropMethod::Whole
    );
    assert_eq!(with(|s| s.crop = Some(Cropping::None)), CropMethod::Whole);
    assert_eq!(
        with(|s| {
            s.zoom = 1.2;
            s.crop = Some(Cropping::Auto);
        }),
        CropMethod::Auto
    );
}

proptest! {
    // The search and the count of all pixels take some 30 ms a case.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_head_is_cut_without_a_word(
        heart in any::<prop::sample::Index>(),
        (width, height) in (3..400usize, 3..400usize),
        head in (0.0..1.0f32, 0.0..0.6f32, 0.02..0.4f32, 0.02..0.4f32),
        body in (0.0..1.0f32, 0.4..1.2f32, 0.02..0.6f32, 0.02..0.6f32),
        holes in 0.0..0.3f32,
        background: bool,
        degrees in prop_oneof![Just(0.0), Just(90.0), -180.0..180.0f64],
    ) {
        let volume = heart.get(hearts());
        let whole = bust(
            width,
            height,
            [head.0, head.1, head.2, head.3],
            [body.0, body.1, body.2, body.3],
        );
        let matte = Grid::from_fn(width, height, |column, row| {
            let index = (row * width + column) as u64;
            whole.at(column, row) * f32::from(u8::from(random::unit(3, index) >= holes))
        });
        let placed_once = placed(&matte, volume, background, degrees);
        prop_assert_eq!(&placed_once, &placed(&matte, volume, background, degrees));
        let Crop { x_px, y_px, width_px, height_px } = placed_once.crop;
        prop_assert!([x_px, y_px, width_px, height_px].iter().all(|side| side.is_finite()));
        prop_assert!(width_px >= 1.0 && height_px >= 1.0);
        if Silhouette::of(&matte, None, sine_and_cosine(degrees)).is_none() {
            prop_assert_eq!(placed_once.crop_method, CropMethod::Whole);
            return Ok(());
        }
        prop_assert_eq!(placed_once.crop_method, CropMethod::Auto);
        let (outside, _) = head_pixels(&matte, volume, &placed_once, degrees);
        let told = placed_once.warnings.iter().any(|line| line.contains("% of its head"));
        prop_assert!(outside == 0 || told, "{} px, {:?}", outside, placed_once);
        if background && degrees == 0.0 {
            let size = [width as f64, height as f64];
            let right = [x_px + width_px, y_px + height_px];
            prop_assert!(x_px >= 0.0 && y_px >= 0.0);
            prop_assert!(right[0] <= size[0] + 1e-6 && right[1] <= size[1] + 1e-6);
        }
    }
}
