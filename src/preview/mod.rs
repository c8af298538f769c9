//! Preview: cloud -> a picture of what the pendant will look like.
//!
//! Front view, three-quarter view and side view of the crystal with its points as light, a scale
//! bar, and a caption. Everything is added up in linear light and encoded at the end. The bytes are
//! the same on any number of threads. Memory: some 200 MB at most, whatever the number of points.

mod body;
mod camera;
mod crystal;
mod exposure;
mod light;
mod page;
mod scale_bar;
mod sheet;
mod splat;
mod text;
mod view;

use body::Body;

use crate::blank::Blank;
use crate::cloud::Cloud;
use crate::error::Result;

/// Draws front, three-quarter and side view with scale bar and caption; returns a PNG file.
///
/// Up to three lines of caption are shown, the first one larger.
///
/// # Errors
///
/// [`crate::Error::Cancelled`].
pub fn png(cloud: &Cloud, blank: &Blank, caption: &str) -> Result<Vec<u8>> {
    let page = page::draw(cloud, &Body::of_blank(blank), caption, None);
    Ok(light::to_png(&page))
}

/// Draws the same picture with the points `marked` (indices into the cloud) in a warm colour, the
/// others dimmed; returns a PNG file.
///
/// # Errors
///
/// [`crate::Error::Cancelled`].
pub fn faults_png(cloud: &Cloud, blank: &Blank, marked: &[u32], caption: &str) -> Result<Vec<u8>> {
    let page = page::draw(cloud, &Body::of_blank(blank), caption, Some(marked));
    Ok(light::to_png(&page))
}

/// Draws a blank from the front and from the side, with its measures, its safe area and a scale bar;
/// returns a PNG file. A blank whose margin leaves no room is drawn without a safe area.
///
/// # Errors
///
/// [`crate::Error::Cancelled`].
pub fn blank_png(blank: &Blank, caption: &str) -> Result<Vec<u8>> {
    let safe = blank.safe_volume().ok();
    let page = sheet::draw(
        &Body::of_blank(blank),
        blank.margin_mm,
        safe.as_ref(),
        caption,
    );
    Ok(light::to_png(&page))
}

#[cfg(test)]
mod tests {
    use super::camera::Camera;
    use super::light::Light;
    use super::view::View;
    use super::*;

    /// Points all over each `#` of a drawing whose cells are 1 mm wide, around the origin.
    fn drawn(rows: &[&str], per_cell: usize) -> Cloud {
        let mut cloud = Cloud::default();
        for (row, line) in rows.iter().enumerate() {
            for (column, _) in line.chars().enumerate().filter(|&(_, mark)| mark == '#') {
                for index in 0..per_cell * per_cell {
                    let [u, v] = [index % per_cell, index / per_cell]
                        .map(|step| (step as f32 + 0.5) / per_cell as f32);
                    let x = column as f32 + u - line.len() as f32 / 2.0;
                    let y = rows.len() as f32 / 2.0 - (row as f32 + v);
                    cloud.push([x, y, 0.3]);
                }
            }
        }
        cloud
    }

    /// The front view at 8 pixels to a millimetre, without a body around the points.
    fn front(cloud: &Cloud, size: [usize; 2]) -> Light {
        let mut page = Light::filled(size[0], size[1], [0.0; 3]);
        view(size).draw(
            &mut page,
            cloud,
            &Body::new(&[], [20.0, 20.0, 6.0], 2.0),
            None,
        );
        page
    }

    fn view(size: [usize; 2]) -> View {
        View {
            camera: Camera::new(0.0, 0.0).placed(8.0, [size[0] as f32 / 2.0, size[1] as f32 / 2.0]),
            place: [0, 0],
            size,
            burnt_out: 0.01,
        }
    }

    fn mean_of_cell(page: &Light, column: usize, row: usize) -> f32 {
        let inner = 0..8;
        let sum: f32 = inner
            .clone()
            .flat_map(|dy| inner.clone().map(move |dx| (dx, dy)))
            .map(|(dx, dy)| page.at(column * 8 + dx, row * 8 + dy)[1])
            .sum();
        sum / 64.0
    }

    #[test]
    fn a_letter_stands_upright_and_reads_from_left_to_right() {
        let letter = [
            "#####.", "#.....", "####..", "#.....", "#.....", "#.....", "......",
        ];
        let page = front(&drawn(&letter, 6), [48, 56]);
        let seen: Vec<String> = (0..7)
            .map(|row| {
                (0..6)
                    .map(|column| {
                        if mean_of_cell(&page, column, row) > 0.3 {
                            '#'
                        } else {
                            '.'
                        }
                    })
                    .collect()
            })
            .collect();
        assert_eq!(seen, letter);
    }

    #[test]
    fn twice_the_points_are_twice_the_light() {
        let mut cloud = drawn(&["######......"; 8], 5);
        for [x, y, z] in drawn(&["......######"; 8], 5).points() {
            cloud.push([x, y, z]);
            cloud.push([x + 0.1, y + 0.1, -z]);
        }
        let page = front(&cloud, [96, 64]);
        let ratio = mean_of_cell(&page, 9, 4) / mean_of_cell(&page, 2, 4);
        assert!((ratio - 2.0).abs() < 0.12, "{ratio}");
    }

    #[test]
    fn marked_points_stand_out_in_a_warm_colour() {
        let cloud = drawn(&["##########"; 5], 5);
        let marked = [12, u32::MAX];
        let mut page = Light::filled(80, 40, [0.0; 3]);
        view([80, 40]).draw(
            &mut page,
            &cloud,
            &Body::new(&[], [20.0, 20.0, 6.0], 2.0),
            Some(&marked),
        );
        let warm: Vec<(usize, usize)> = (0..80 * 40)
            .map(|index| (index % 80, index / 80))
            .filter(|&(column, row)| {
                let [r, _, b] = page.at(column, row);
                r > 0.8 && b < 0.2
            })
            .collect();
        // Point 12 is the centre of the first cell.
        assert!(
            warm.contains(&(4, 4)) && warm.len() > 12 && warm.len() < 60,
            "{warm:?}"
        );
        assert!(
            warm.iter().all(|&(column, row)| column < 9 && row < 9),
            "{warm:?}"
        );
    }

    #[test]
    fn empty_clouds_and_outlines_and_odd_points_make_a_picture() {
        let mut odd = Cloud::default();
        odd.push([f32::NAN, f32::INFINITY, 0.0]);
        odd.push([1e30, -1e30, 1e30]);
        for cloud in [Cloud::default(), odd] {
            for size in [[20.0, 20.0, 6.0], [0.0, 0.0, 0.0]] {
                let page = page::draw(&cloud, &Body::new(&[], size, 2.0), "", None);
                assert!(
                    page.values()
                        .iter()
                        .flatten()
                        .all(|light| light.is_finite())
                );
            }
        }
    }

    #[test]
    fn threads_do_not_change_a_byte() {
        let cloud = drawn(&["##.#", "#..#", "####"], 20);
        let [one, three] = [1, 3].map(|threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| {
                    light::to_png(&page::draw(&cloud, &body::tests::square(), "a\nb", None))
                })
        });
        assert!(one == three);
        assert_eq!(one[..4], [0x89, b'P', b'N', b'G']);
    }
}
