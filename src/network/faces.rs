//! Faces in a photo by a network that the user has, and the eyes of the largest.
//!
//! The photo is laid into the upper left of the network's input without being squeezed. For each cell of
//! grids of 8, 16 and 32 px the network gives the chance of a face (`cls`) and of a thing (`obj`), a box
//! (`bbox`: middle in cells from the cell's corner, logarithm of the sides in cells), and five places
//! (`kps`: eyes, nose, corners of the mouth, in cells from the cell's corner). It was trained on faces
//! up to half of its input; where none is seen, the photo is shown to it again at half the size.
//!
//! # Source
//!
//! W. Wu, H. Peng, S. Yu, *YuNet: a tiny millisecond-level face detector*, Machine Intelligence
//! Research, 2023; its ONNX files as published in `libfacedetection.train` and the OpenCV Zoo.

use std::collections::HashMap;
use std::path::Path;
use std::time::Instant;

use super::outline::Outline;
use super::picture::{self, Layout};
use super::{LARGEST_SIDE_PX, NetworkUsed, Numbers, look_through, refused, run_engine, sides};
use crate::error::Result;
use crate::eyes::Eyes;
use crate::grid::Grid;
use crate::photo::Photo;
use crate::run::Run;
use crate::settings::{Channels, Scaling};

/// Cells of the grids, px.
const STRIDES: [usize; 3] = [8, 16, 32];

/// Longer side of an input that may have any.
const SIDE_PX: usize = 640;

/// From this score on a face is one. Set on photos with the published network: a face half turned away
/// had a little more, a cat less.
const LEAST_SCORE: f32 = 0.75;

/// A face whose box is higher than so many times the distance of its eyes is seen from the side, and they tell
/// little of the head. Set on photos: about 3 from the front, less than this half turned, twice in profile.
const FROM_THE_SIDE: f64 = 5.0;

/// Only a face whose height others do not come near is the subject's; a couple's are alike.
const NEARLY_AS_LARGE: f64 = 0.6;

/// Boxes whose intersection is this share of their union show the same face.
const SAME: f64 = 0.3;

/// What a network saw of the faces in a photo.
#[derive(Clone, Debug)]
pub struct Faces {
    /// Middles of the eyes of the largest face, x and y in pixels of the photo; `None` without a face,
    /// where it is seen from the side, and where others are nearly as large.
    pub eyes_px: Option<[f64; 4]>,
    /// How sure the network is of that face, 0 to 1.
    pub score: f32,
    /// How many faces it sees.
    pub count: usize,
    /// The network.
    pub network: NetworkUsed,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// A face in the network's input, px.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Face {
    score: f32,
    /// Left, top, right, bottom.
    sides: [f64; 4],
    eyes: [f64; 4],
}

/// Finds the faces of a photo and the eyes of the largest; `color` is the photo's small copy in
/// colour, grey without.
///
/// # Errors
///
/// [`crate::Error::Read`]; [`crate::Error::Content`] for a network that cannot be used;
/// [`crate::Error::Cancelled`].
pub fn eyes(
    model: &Path,
    photo: &Photo,
    color: Option<&Grid<[u8; 3]>>,
    run: &Run,
) -> Result<Faces> {
    let start = Instant::now();
    let (bytes, outline) = look_through(model)?;
    let names = check(model, &outline)?;
    let colors = picture::colors(photo, color);
    let (canvas, interleaved) = canvas(model, &outline, &colors)?;
    let size = (photo.luminance.width(), photo.luminance.height());
    let mut faces = Vec::new();
    for part in [1.0, 0.5] {
        run.check()?;
        let fits = (canvas[0] as f64 / colors.width() as f64)
            .min(canvas[1] as f64 / colors.height() as f64);
        let scale = part * fits;
        let input = laid_into(&colors, canvas, scale, interleaved)
            .ok_or_else(|| refused(model, "takes no picture of this size"))?;
        let outputs = run_engine(
            model,
            bytes.clone(),
            outline.values.clone(),
            input,
            names.len(),
            run,
        )?;
        let outputs: HashMap<&str, Numbers> =
            names.iter().map(String::as_str).zip(outputs).collect();
        faces = decoded(&outputs, canvas).map_err(|problem| refused(model, &problem))?;
        // From pixels of the input to those of the photo.
        let to_photo = photo.luminance.width() as f64 / (colors.width() as f64 * scale);
        for face in &mut faces {
            face.sides = face.sides.map(|px| px * to_photo);
            face.eyes = face.eyes.map(|px| px * to_photo);
        }
        // Of a face that the frame cuts, an eye may lie outside.
        faces.retain(|face| Eyes::in_photo(face.eyes, size).is_ok());
        if !faces.is_empty() {
            break;
        }
    }
    let faces = apart(faces);
    let height = |face: &Face| face.sides[3] - face.sides[1];
    let most = faces.iter().map(height).fold(0.0, f64::max);
    let large = |face: &&Face| height(face) >= NEARLY_AS_LARGE * most;
    let from_the_side = |face: &Face| {
        let [x1, y1, x2, y2] = face.eyes;
        height(face) > FROM_THE_SIDE * (x2 - x1).hypot(y2 - y1)
    };
    let warning = match faces.iter().filter(large).count() {
        1 if faces.iter().find(large).is_some_and(from_the_side) => Some(
            "the network sees a face from the side, whose eyes tell little of the head; give a \
             --matte file or a --crop"
                .to_owned(),
        ),
        0 => Some("the network sees no face in the photo; give --eyes".to_owned()),
        1 => None,
        alike => Some(format!(
            "the network sees {alike} faces of about one size, and takes none of them for the \
             subject's; name one by --eyes, or give a --matte file of all"
        )),
    };
    let chosen = faces.iter().find(large).filter(|_| warning.is_none());
    Ok(Faces {
        eyes_px: chosen.map(|face| face.eyes),
        score: chosen.map_or(0.0, |face| face.score),
        count: faces.len(),
        network: NetworkUsed {
            family: "yunet".to_owned(),
            input_px: canvas,
            weights_mb: outline.weight_bytes as f64 / 1e6,
            seconds: start.elapsed().as_secs_f64(),
        },
        warnings: warning.into_iter().collect(),
    })
}

/// The names of all outputs in their order, if those of this family are among them.
fn check(model: &Path, outline: &Outline) -> Result<Vec<String>> {
    let names: Vec<String> = outline
        .outputs
        .iter()
        .map(|port| port.name.clone())
        .collect();
    for kind in ["cls", "obj", "bbox", "kps"] {
        for stride in STRIDES {
            let wanted = format!("{kind}_{stride}");
            if !names.contains(&wanted) {
                let problem =
                    format!("gives no output `{wanted}`: faces are read from YuNet of 2023");
                return Err(refused(model, &problem));
            }
        }
    }
    Ok(names)
}

/// Columns and rows of the network's input, and whether channels come last.
fn canvas(model: &Path, outline: &Outline, colors: &Grid<[u8; 3]>) -> Result<([usize; 2], bool)> {
    let [input] = &outline.inputs[..] else {
        return Err(refused(model, "takes more than one photo"));
    };
    let (interleaved, height, width) =
        sides(input).ok_or_else(|| refused(model, "takes no photo of 1 x 3 x height x width"))?;
    let longer = colors.width().max(colors.height()) as f64;
    let free = |side: usize| {
        let px = side as f64 * SIDE_PX as f64 / longer;
        (px.ceil() as usize).next_multiple_of(STRIDES[2])
    };
    let canvas = [
        width.unwrap_or_else(|| free(colors.width())),
        height.unwrap_or_else(|| free(colors.height())),
    ];
    let odd = |&side: &usize| {
        !side.is_multiple_of(STRIDES[2]) || !(STRIDES[2]..=LARGEST_SIDE_PX).contains(&side)
    };
    if canvas.iter().any(odd) {
        let problem = format!(
            "takes photos of {} x {}, not of multiples of {} up to {LARGEST_SIDE_PX}",
            canvas[0], canvas[1], STRIDES[2]
        );
        return Err(refused(model, &problem));
    }
    Ok((canvas, interleaved))
}

/// The sides and the numbers of an input with the photo at a scale in its upper left, black around it.
fn laid_into(
    colors: &Grid<[u8; 3]>,
    canvas: [usize; 2],
    scale: f64,
    interleaved: bool,
) -> Option<Numbers> {
    let side = |px: usize, most: usize| ((px as f64 * scale).round() as usize).clamp(1, most);
    let layout = Layout {
        width_px: side(colors.width(), canvas[0]),
        height_px: side(colors.height(), canvas[1]),
        scaling: Scaling::Bytes,
        channels: Channels::Bgr,
        interleaved: false,
    };
    let (_, numbers) = picture::tensor(colors, &layout)?;
    let (width, height) = (layout.width_px, layout.height_px);
    let mut laid = vec![0.0; 3 * canvas[0] * canvas[1]];
    for channel in 0..3 {
        for row in 0..height {
            for column in 0..width {
                let place = row * canvas[0] + column;
                let to = if interleaved {
                    3 * place + channel
                } else {
                    channel * canvas[0] * canvas[1] + place
                };
                laid[to] = numbers[(channel * height + row) * width + column];
            }
        }
    }
    let sides = if interleaved {
        vec![1, canvas[1], canvas[0], 3]
    } else {
        vec![1, 3, canvas[1], canvas[0]]
    };
    Some((sides, laid))
}

/// All faces that the outputs tell of, many times the same; the error is a clause about the network.
fn decoded(
    outputs: &HashMap<&str, Numbers>,
    canvas: [usize; 2],
) -> std::result::Result<Vec<Face>, String> {
    let mut faces = Vec::new();
    for stride in STRIDES {
        let [columns, rows] = canvas.map(|side| side / stride);
        let numbers = |kind: &str, each: usize| {
            let name = format!("{kind}_{stride}");
            let (sides, numbers) = outputs.get(name.as_str()).ok_or("gives too few outputs")?;
            if numbers.len() == columns * rows * each {
                Ok(&numbers[..])
            } else {
                Err(format!(
                    "answers `{name}` with sides {sides:?}, not with {each} for each cell"
                ))
            }
        };
        let (chance, thing) = (numbers("cls", 1)?, numbers("obj", 1)?);
        let (boxes, places) = (numbers("bbox", 4)?, numbers("kps", 10)?);
        for cell in 0..columns * rows {
            let score = (chance[cell].clamp(0.0, 1.0) * thing[cell].clamp(0.0, 1.0)).sqrt();
            let cell_px = stride as f64;
            let at = [(cell % columns) as f64, (cell / columns) as f64];
            let number = |of: &[f32], index: usize| f64::from(of[index]);
            let middle = [0, 1].map(|axis| (at[axis] + number(boxes, 4 * cell + axis)) * cell_px);
            let half = [2, 3].map(|side| 0.5 * number(boxes, 4 * cell + side).exp() * cell_px);
            let eyes = [0, 1, 2, 3]
                .map(|index| (at[index % 2] + number(places, 10 * cell + index)) * cell_px);
            let face = Face {
                score,
                sides: [
                    middle[0] - half[0],
                    middle[1] - half[1],
                    middle[0] + half[0],
                    middle[1] + half[1],
                ],
                eyes,
            };
            let known = face.sides.iter().chain(&face.eyes).all(|px| px.is_finite());
            // NaN is no score either.
            if face.score >= LEAST_SCORE && known {
                faces.push(face);
            }
        }
    }
    Ok(faces)
}

/// Each face once, the surest of it.
fn apart(mut faces: Vec<Face>) -> Vec<Face> {
    faces.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Face> = Vec::new();
    for face in faces {
        if kept.iter().all(|other| shared(&face, other) < SAME) {
            kept.push(face);
        }
    }
    kept
}

/// Intersection of two boxes over their union.
fn shared(a: &Face, b: &Face) -> f64 {
    let area =
        |[left, top, right, bottom]: [f64; 4]| (right - left).max(0.0) * (bottom - top).max(0.0);
    let [a, b] = [a.sides, b.sides];
    let both = area([
        a[0].max(b[0]),
        a[1].max(b[1]),
        a[2].min(b[2]),
        a[3].min(b[3]),
    ]);
    both / (area(a) + area(b) - both).max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outputs for an input of 64 x 32 with nothing in it.
    fn nothing() -> HashMap<String, Numbers> {
        let mut outputs = HashMap::new();
        for stride in STRIDES {
            let cells = 64 / stride * (32 / stride);
            for (kind, each) in [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)] {
                let numbers = vec![0.0; cells * each];
                outputs.insert(format!("{kind}_{stride}"), (vec![1, cells, each], numbers));
            }
        }
        outputs
    }

    fn faces(outputs: &HashMap<String, Numbers>) -> std::result::Result<Vec<Face>, String> {
        let named = outputs.iter().map(|(name, of)| (name.as_str(), of.clone()));
        decoded(&named.collect(), [64, 32])
    }

    fn set(outputs: &mut HashMap<String, Numbers>, name: &str, from: usize, numbers: &[f32]) {
        let all = &mut outputs.get_mut(name).unwrap().1;
        all[from..from + numbers.len()].copy_from_slice(numbers);
    }

    #[test]
    fn cells_are_decoded_as_published() {
        let mut outputs = nothing();
        // Column 2, row 1 of the grid of 16 px.
        let cell = 6;
        set(&mut outputs, "cls_16", cell, &[0.81]);
        set(&mut outputs, "obj_16", cell, &[1.3]);
        set(
            &mut outputs,
            "bbox_16",
            4 * cell,
            &[0.5, 0.25, 0.0, 2f32.ln()],
        );
        set(
            &mut outputs,
            "kps_16",
            10 * cell,
            &[-0.25, 0.125, 0.75, 0.125],
        );
        let found = faces(&outputs).unwrap();
        assert_eq!(found.len(), 1);
        assert!((found[0].score - 0.9).abs() < 1e-6);
        let close = |a: [f64; 4], b: [f64; 4]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(close(found[0].sides, [32.0, 4.0, 48.0, 36.0]), "{found:?}");
        assert!(close(found[0].eyes, [28.0, 18.0, 44.0, 18.0]), "{found:?}");
    }

    #[test]
    fn the_same_face_counts_once_and_no_number_is_no_face() {
        let face = |left: f64, score: f32| Face {
            score,
            sides: [left, 0.0, left + 10.0, 10.0],
            eyes: [left; 4],
        };
        let kept = apart(vec![face(0.0, 0.7), face(1.0, 0.9), face(30.0, 0.8)]);
        assert_eq!(kept, [face(1.0, 0.9), face(30.0, 0.8)]);
        let mut outputs = nothing();
        set(&mut outputs, "cls_8", 3, &[f32::NAN]);
        set(&mut outputs, "cls_32", 0, &[1.0]);
        set(&mut outputs, "obj_32", 0, &[1.0]);
        set(&mut outputs, "bbox_32", 2, &[f32::INFINITY]);
        assert_eq!(faces(&outputs).unwrap(), []);
    }

    #[test]
    fn outputs_of_other_sizes_are_refused() {
        let mut outputs = nothing();
        outputs.insert("kps_8".to_owned(), (vec![1, 7], vec![0.0; 7]));
        let problem = faces(&outputs).unwrap_err();
        assert!(
            problem.contains("kps_8") && problem.contains("[1, 7]"),
            "{problem}"
        );
    }

    #[test]
    fn the_photo_lies_in_the_upper_left() {
        let colors = Grid::filled(8, 4, [10, 20, 30]);
        let (sides, numbers) = laid_into(&colors, [64, 32], 4.0, false).unwrap();
        assert_eq!(sides, [1, 3, 32, 64]);
        let at =
            |channel: usize, column: usize, row: usize| numbers[(channel * 32 + row) * 64 + column];
        // Blue first.
        assert_eq!(
            (at(0, 31, 15), at(1, 0, 0), at(2, 5, 5)),
            (30.0, 20.0, 10.0)
        );
        assert_eq!((at(0, 32, 0), at(0, 0, 16)), (0.0, 0.0));
        let (sides, numbers) = laid_into(&colors, [64, 32], 4.0, true).unwrap();
        assert_eq!(
            (sides, &numbers[..4]),
            (vec![1, 32, 64, 3], &[30.0, 20.0, 10.0, 30.0][..])
        );
    }
}
