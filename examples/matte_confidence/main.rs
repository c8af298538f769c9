//! How well the confidence of `--matte auto` tells good mattes from bad ones:
//! `matte_confidence BACKGROUND... [--cutout CUTOUT.png[@x1,y1,x2,y2]]... [--eyes] [--csv FILE]
//! [--save FOLDER] [--photo PHOTO[@x1,y1,x2,y2]]...`.
//!
//! Cut-outs with exact mattes are set before every background: twelve rendered busts of other
//! poses, lights and colours, and whatever pictures with an alpha channel are given, as they are and
//! mirrored at two thirds of the size. Each composite goes through `find`. Printed are the mean
//! absolute errors of the mattes that the confidence accepts and of those that it rejects, and
//! the rank correlation of confidence and error: for the first, third, fifth background and so on,
//! which are the ones to fit the confidence to, and for the others, which are held out.
//!
//! With `--eyes` the method is told where the eyes are; those of a cut-out stand behind its name.
//! Photos have no truth: of each, the confidence is printed, and the picture is for the eye.
//! With `--csv` every composite's signs and error are written, with `--save` its picture.

#[path = "../make_samples/bust.rs"]
mod bust;
mod cutouts;
#[path = "../make_samples/render.rs"]
mod render;
#[path = "../make_samples/shape.rs"]
mod shape;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use glyptic::eyes::Eyes;
use glyptic::grid::Grid;
use glyptic::photo;
use glyptic::subject::{Found, find};
use image::{Rgb, RgbImage};
use rayon::prelude::*;

/// What came of one composite.
struct Outcome {
    name: String,
    /// Number of the background.
    behind: usize,
    found: Option<Found>,
    /// Mean absolute error of the matte; where nothing was found, of an empty one.
    error: f64,
}

/// A file, and the eyes in it where they are told.
type Told = (PathBuf, Option<[f64; 4]>);

/// What the command line says.
struct Asked {
    backgrounds: Vec<PathBuf>,
    cutouts: Vec<Told>,
    eyes: bool,
    photos: Vec<Told>,
    csv: Option<PathBuf>,
    save: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let asked = asked()?;
    if let Some(folder) = &asked.save {
        std::fs::create_dir_all(folder)?;
    }
    for (path, eyes) in &asked.photos {
        judge(path, *eyes, asked.save.as_deref())?;
    }
    if asked.backgrounds.is_empty() {
        return Ok(());
    }
    let mut cutouts = cutouts::busts();
    for (path, eyes) in &asked.cutouts {
        cutouts.extend(cutouts::from_file(path, *eyes)?);
    }
    let mut outcomes = Vec::new();
    for (behind, path) in asked.backgrounds.iter().enumerate() {
        let (_, color) = photo::decode_in_color(path, 150.0)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let of_one: Vec<Outcome> = cutouts
            .par_iter()
            .map(|cutout| {
                let (picture, truth) = cutout.before(&color);
                let found = find(&picture, None, cutout.eyes.filter(|_| asked.eyes));
                let error = found
                    .as_ref()
                    .map_or_else(|| mean(&truth), |found| mean_error(&found.matte, &truth));
                let name = format!("{} before {name}", cutout.name);
                if let (Some(folder), Some(found)) = (&asked.save, &found) {
                    // A picture that cannot be written is not worth the figures.
                    let file = folder.join(format!("{}.png", name.replace(' ', "_")));
                    if let Err(error) = side_by_side(&picture, &found.matte).save(&file) {
                        eprintln!("{}: {error}", file.display());
                    }
                }
                Outcome {
                    name,
                    behind,
                    found,
                    error,
                }
            })
            .collect();
        outcomes.extend(of_one);
    }
    if let Some(path) = &asked.csv {
        std::fs::write(path, csv(&outcomes)?)?;
    }
    println!(
        "backgrounds  composites  accepted  their error  rejected  their error  rank correlation"
    );
    for (name, halves) in [
        ("fitted to", &[0][..]),
        ("held out", &[1]),
        ("all", &[0, 1]),
    ] {
        let part: Vec<&Outcome> = outcomes
            .iter()
            .filter(|outcome| halves.contains(&(outcome.behind % 2)))
            .collect();
        print_row(name, &part);
    }
    Ok(())
}

/// Finds the subject of a photo, prints how sure that is, and saves what was found.
fn judge(path: &Path, eyes: Option<[f64; 4]>, save: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let (photo, color) = photo::decode_in_color(path, 150.0)?;
    let size = (photo.luminance.width(), photo.luminance.height());
    let eyes = eyes.map(|eyes| Eyes::in_photo(eyes, size)).transpose()?;
    let scale = color.width() as f64 / size.0 as f64;
    let found = find(&color, None, eyes.map(|eyes| eyes.scaled(scale)));
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let Some(found) = found else {
        println!("{name}: nothing stands out");
        return Ok(());
    };
    let told = if eyes.is_some() { " by its eyes" } else { "" };
    println!("{name}{told}: confidence {:.2}", found.confidence);
    if let Some(folder) = save {
        let file = folder.join(format!("{name}{}.png", told.replace(' ', "_")));
        side_by_side(&color, &found.matte).save(file)?;
    }
    Ok(())
}

fn asked() -> Result<Asked, Box<dyn Error>> {
    let mut asked = Asked {
        backgrounds: Vec::new(),
        cutouts: Vec::new(),
        eyes: false,
        photos: Vec::new(),
        csv: None,
        save: None,
    };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a file"));
        match argument.as_str() {
            "--cutout" => asked.cutouts.push(with_eyes(&value()?)?),
            "--photo" => asked.photos.push(with_eyes(&value()?)?),
            "--eyes" => asked.eyes = true,
            "--csv" => asked.csv = Some(value()?.into()),
            "--save" => asked.save = Some(value()?.into()),
            _ => asked.backgrounds.push(argument.into()),
        }
    }
    if asked.backgrounds.is_empty() && asked.photos.is_empty() {
        return Err("give backgrounds or photos; see the head of this example".into());
    }
    Ok(asked)
}

/// A file's name, and the eyes where they stand behind it.
fn with_eyes(text: &str) -> Result<Told, Box<dyn Error>> {
    let Some((path, eyes)) = text.rsplit_once('@') else {
        return Ok((text.into(), None));
    };
    let numbers: Result<Vec<f64>, _> = eyes.split(',').map(str::parse).collect();
    let eyes: Result<[f64; 4], _> = numbers?.try_into();
    Ok((path.into(), Some(eyes.map_err(|_| "eyes are x1,y1,x2,y2")?)))
}

fn confidence(outcome: &Outcome) -> f64 {
    outcome
        .found
        .as_ref()
        .map_or(0.0, |found| f64::from(found.confidence))
}

fn print_row(name: &str, outcomes: &[&Outcome]) {
    let (accepted, rejected): (Vec<&Outcome>, Vec<&Outcome>) = outcomes
        .iter()
        .partition(|outcome| outcome.found.as_ref().is_some_and(Found::is_sure));
    let error = |of: &[&Outcome]| {
        of.iter().map(|outcome| outcome.error).sum::<f64>() / of.len().max(1) as f64
    };
    let sure: Vec<f64> = outcomes.iter().map(|outcome| confidence(outcome)).collect();
    let errors: Vec<f64> = outcomes.iter().map(|outcome| outcome.error).collect();
    println!(
        "{name:<11}  {:>10}  {:>8}  {:>11.3}  {:>8}  {:>11.3}  {:>16.2}",
        outcomes.len(),
        accepted.len(),
        error(&accepted),
        rejected.len(),
        error(&rejected),
        correlation(&ranks(&sure), &ranks(&errors)),
    );
}

/// One line a composite: its signs in the order of their names.
fn csv(outcomes: &[Outcome]) -> Result<String, std::fmt::Error> {
    let mut text = String::from("behind,error,confidence");
    let signs = outcomes.iter().find_map(|outcome| outcome.found.as_ref());
    for (name, _) in signs.map(|found| found.signs.named()).into_iter().flatten() {
        write!(text, ",{name}")?;
    }
    text.push_str(",name\n");
    for outcome in outcomes {
        let Some(found) = &outcome.found else {
            continue;
        };
        write!(
            text,
            "{},{:.5},{:.4}",
            outcome.behind, outcome.error, found.confidence
        )?;
        for (_, value) in found.signs.named() {
            write!(text, ",{value:.5}")?;
        }
        writeln!(text, ",{}", outcome.name)?;
    }
    Ok(text)
}

fn mean(values: &Grid<f32>) -> f64 {
    let sum: f64 = values.values().iter().map(|&value| f64::from(value)).sum();
    sum / values.values().len() as f64
}

fn mean_error(found: &Grid<f32>, truth: &Grid<f32>) -> f64 {
    let pairs = found.values().iter().zip(truth.values());
    let sum: f64 = pairs.map(|(a, b)| f64::from((a - b).abs())).sum();
    sum / truth.values().len() as f64
}

/// Ranks, equal values sharing their mean.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for group in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + 0.5 * (group.len() - 1) as f64;
        group.iter().for_each(|&index| ranks[index] = rank);
        first += group.len();
    }
    ranks
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        both += (a - mean_a) * (b - mean_b);
        of_a += (a - mean_a).powi(2);
        of_b += (b - mean_b).powi(2);
    }
    both / (of_a * of_b).sqrt()
}

fn side_by_side(color: &Grid<[u8; 3]>, matte: &Grid<f32>) -> RgbImage {
    let width = color.width();
    RgbImage::from_fn(2 * width as u32, color.height() as u32, |column, row| {
        let (column, row) = (column as usize, row as usize);
        if column < width {
            return Rgb(color.at(column, row));
        }
        let (color, matte) = (color.at(column - width, row), matte.at(column - width, row));
        let green = [0.0, 200.0, 80.0];
        Rgb(std::array::from_fn(|i| {
            (f32::from(color[i]) * matte + green[i] * (1.0 - matte)) as u8
        }))
    })
}
