//! What the pipeline reads beside the photo, and what it writes: file names, checksums, report.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::for_machine::{self, Job};
use super::{Etched, Request};
use crate::blank::Blank;
use crate::error::{Error, Result};
use crate::format::{self, Batch};
use crate::json;
use crate::machine::{Machine, Manifest, ZCompensation, manifest_path, tile_path};
use crate::photo::Photo;
use crate::plan::Plan;
use crate::report::{
    BlankReport, Bounds, EstimateReport, InputFile, OutputFile, PlacementReport, Report, Role,
    SpacingReport, Stages, ToneMapReport, thousands,
};
use crate::run::Run;
use crate::settings::{DepthSource, MatteSource, Settings};
use crate::tone::ToneMap;

/// Refuses a request whose files cannot work, before any work is done.
pub(super) fn check(request: &Request) -> Result<()> {
    format::check_targets(&targets(request), &paths(sources(request)))
}

/// Refuses outputs that would overwrite what blank and machine were read from.
pub(super) fn check_sources(request: &Request, blank: &Blank, machine: &Machine) -> Result<()> {
    let sources = definitions(blank, machine);
    if sources.is_empty() {
        return Ok(());
    }
    format::check_targets(&targets(request), &paths(sources))
}

fn targets(request: &Request) -> Vec<PathBuf> {
    let outputs = request.outputs.iter().map(|output| &output.path);
    let others = [&request.tone_map, &request.preview, &request.report];
    outputs
        .chain(others.into_iter().flatten())
        .cloned()
        .collect()
}

fn paths(sources: Vec<(Role, PathBuf)>) -> Vec<PathBuf> {
    sources.into_iter().map(|(_, path)| path).collect()
}

/// The files that blank and machine were read from.
fn definitions(blank: &Blank, machine: &Machine) -> Vec<(Role, PathBuf)> {
    let blanks = blank.files.iter().map(|path| (Role::Blank, path.clone()));
    let machines = machine.file.iter();
    blanks
        .chain(machines.map(|path| (Role::Machine, path.clone())))
        .collect()
}

/// Every file that a request names and reads, the photo first; those of blank and machine apart.
fn sources(request: &Request) -> Vec<(Role, PathBuf)> {
    let Settings { matte, depth, .. } = &request.settings;
    let mut sources = vec![(Role::Photo, request.photo.clone())];
    if let DepthSource::File(path) = &depth.source {
        sources.push((Role::Depth, path.clone()));
    }
    if let (DepthSource::Auto, Some(path)) = (&depth.source, &depth.model) {
        sources.push((Role::Network, path.clone()));
    }
    if let MatteSource::File(path) = &matte.source {
        sources.push((Role::Matte, path.clone()));
    }
    if let (MatteSource::Auto, Some(path)) = (&matte.source, &matte.model) {
        sources.push((Role::MatteNetwork, path.clone()));
    }
    if let (None, Some(path)) = (depth.eyes_px, &depth.face_model) {
        sources.push((Role::FaceNetwork, path.clone()));
    }
    sources
}

/// The files that were read, with their checksums.
pub(super) fn inputs(
    request: &Request,
    photo: &Photo,
    blank: &Blank,
    machine: &Machine,
) -> Result<Vec<InputFile>> {
    let with_checksum = |(role, path): (Role, PathBuf)| {
        let is_photo = role == Role::Photo;
        Ok(InputFile {
            role,
            sha256: sha256_of(&path)?,
            path,
            width_px: is_photo.then_some(photo.luminance.width() as u64),
            height_px: is_photo.then_some(photo.luminance.height() as u64),
        })
    };
    let all = sources(request).into_iter();
    all.chain(definitions(blank, machine))
        .map(with_checksum)
        .collect()
}

/// SHA-256 of a file, hexadecimal.
fn sha256_of(path: &Path) -> Result<String> {
    let failed = |source| Error::Read {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut sha256 = Sha256::new();
    let mut chunk = vec![0; 1 << 18];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => sha256.update(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok(sha256
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// The error for a picture without a single point.
pub(super) fn nothing_to_etch(request: &Request) -> Error {
    Error::content(
        &request.photo,
        "leaves no point to etch: what lies in the crystal is black, transparent, or less than a point",
        "check --matte, --crop, --fit, --offset, --brightness, --points, or try --invert",
    )
}

/// What stands below the preview.
pub(super) fn caption(etched: &Etched, blank: &Blank) -> String {
    let points = thousands(etched.cloud.len() as u64);
    format!("{}, {}, {points} points", blank.name, blank.size)
}

/// Adds tone map and preview.
pub(super) fn add_pictures(
    batch: &mut Batch,
    request: &Request,
    tone: &ToneMap,
    preview: &[u8],
) -> Result<()> {
    if let Some(path) = &request.tone_map {
        add(batch, path, &tone.to_png())?;
    }
    if let Some(path) = &request.preview {
        add(batch, path, preview)?;
    }
    Ok(())
}

/// Refuses the files of the parts of a job where they cannot be written.
pub(super) fn check_parts(
    request: &Request,
    job: &Job<'_>,
    blank: &Blank,
    machine: &Machine,
) -> Result<()> {
    if job.is_whole() {
        return Ok(());
    }
    let mut targets: Vec<PathBuf> = Vec::new();
    for output in &request.outputs {
        let parts = job.parts.iter();
        targets.extend(parts.map(|part| tile_path(&output.path, part.tile)));
        targets.push(manifest_path(&output.path));
    }
    let others = [&request.tone_map, &request.preview, &request.report];
    targets.extend(others.into_iter().flatten().cloned());
    let mut sources = sources(request);
    sources.extend(definitions(blank, machine));
    format::check_targets(&targets, &paths(sources))
}

/// Warns of files beside those of this job that would be taken for its own: a whole file beside parts, and what
/// the manifest of an earlier job of the same name tells of. That manifest is about to be written anew, or stale.
pub(super) fn of_other_jobs(request: &Request, job: &Job<'_>) -> Vec<String> {
    let mut stale: Vec<PathBuf> = Vec::new();
    for output in &request.outputs {
        let parts = job.parts.iter();
        let own: Vec<PathBuf> = parts
            .map(|part| tile_path(&output.path, part.tile))
            .collect();
        let path = manifest_path(&output.path);
        let manifest = Manifest::read(&path);
        let tiles = manifest.iter().flat_map(|manifest| &manifest.tiles);
        let mut others: Vec<PathBuf> = tiles.map(|tile| path.with_file_name(&tile.file)).collect();
        if job.is_whole() {
            others.extend(manifest.is_some().then_some(path));
        } else {
            others.push(output.path.clone());
        }
        stale.extend(
            others
                .into_iter()
                .filter(|other| !own.contains(other) && other.is_file()),
        );
    }
    let said = stale.iter().map(|path| {
        format!(
            "{} stands beside the files of this job and is none of them: remove it before it is etched",
            path.display()
        )
    });
    said.collect()
}

/// The warning that a job takes more than one file.
pub(super) fn in_parts(job: &Job<'_>, machine: &Machine) -> String {
    let [width, height] = machine.field_mm;
    format!(
        "the picture does not lie in the field of {} ({width} x {height} mm): the job has {} files, \
         and the manifest beside them tells where the blank lies for each",
        machine.name,
        job.parts.len()
    )
}

/// Adds the files of points, and the manifests of jobs in parts.
pub(super) fn add_clouds(
    batch: &mut Batch,
    request: &Request,
    job: &Job<'_>,
    machine: &Machine,
    plan: &Plan,
    run: &Run,
) -> Result<Vec<OutputFile>> {
    let comments = comments(plan);
    let mut outputs = Vec::with_capacity(request.outputs.len() * job.parts.len());
    for output in &request.outputs {
        for part in &job.parts {
            run.check()?;
            let path = tile_path(&output.path, part.tile);
            let comments = [&part.statement[..], &comments].concat();
            let written = batch.add(&path, |out| {
                let text = &plan.settings.output.text;
                format::write_stating(&part.cloud, output.format, &comments, text, &path, out)
            })?;
            machine.check_file_size(written.bytes)?;
            outputs.push(OutputFile {
                path: written.path,
                format: output.format.name().to_owned(),
                bytes: written.bytes,
                sha256: written.sha256,
                part_of: part.tile.map(|_| output.path.clone()),
            });
        }
        if !job.is_whole() {
            let manifest = job.manifest(machine, &output.path);
            let json = json::document(&manifest);
            let path = manifest_path(&output.path);
            add(batch, &path, json.as_bytes())?;
        }
    }
    Ok(outputs)
}

/// What a file says of itself, where its format has room.
fn comments(plan: &Plan) -> Vec<String> {
    let settings = &plan.settings;
    let [xy_mm, z_mm] = for_machine::promised_mm(plan);
    vec![
        format!("glyptic {}", env!("CARGO_PKG_VERSION")),
        format!(
            "blank {} machine {}",
            settings.blank.name, settings.machine.name
        ),
        format!(
            "spacing {} x {} mm layers {} seed {}",
            xy_mm, z_mm, plan.layers, plan.sampling.seed
        ),
    ]
}

/// Adds the report.
pub(super) fn add_report(batch: &mut Batch, request: &Request, report: &Report) -> Result<()> {
    match &request.report {
        Some(path) => add(batch, path, report.to_json().as_bytes()),
        None => Ok(()),
    }
}

fn add(batch: &mut Batch, path: &Path, bytes: &[u8]) -> Result<()> {
    let written = batch.add(path, |out| {
        out.write_all(bytes).map_err(|source| Error::Write {
            path: path.to_owned(),
            source,
        })
    });
    written.map(|_| ())
}

/// The report, but for the files and the times.
pub(super) fn report(
    request: &Request,
    plan: &Plan,
    blank: &Blank,
    machine: &Machine,
    etched: Etched,
) -> Report {
    let (min, max) = etched.cloud.bounds().unwrap_or_default();
    let spacing = &plan.sampling.spacing;
    let [xy_mm, z_mm] = for_machine::promised_mm(plan);
    let frame = etched.tone_map.frame;
    let map = etched.placement.photo_to_blank.into_inner();
    let row = |i: usize| [map[(i, 0)], map[(i, 1)], map[(i, 2)]];
    Report {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        settings: plan.settings.clone(),
        blank: BlankReport {
            name: blank.name.clone(),
            size: blank.size,
            margin_mm: blank.margin_mm,
        },
        inputs: Vec::new(),
        outputs: Vec::new(),
        points: etched.cloud.len() as u64,
        bounds_mm: Bounds { min, max },
        spacing: SpacingReport {
            xy_mm,
            z_mm,
            least_ratio: etched.least_ratio,
            // The pipeline lets no two points stand closer than the spacing.
            duplicates: 0,
        },
        precision_mm: spacing.precision_mm,
        layers: plan.layers,
        layer_pitch_mm: plan.pitch_mm,
        clearance_mm: etched.clearance_mm,
        tone_map: ToneMapReport {
            x_min_mm: frame.x_min_mm,
            y_max_mm: frame.y_max_mm,
            mm_per_px: frame.mm_per_px,
            max_density_per_mm2: etched.max_density_per_mm2,
            path: request.tone_map.clone(),
        },
        dots_unplaced: etched.unplaced,
        photo_to_blank: [row(0), row(1)],
        effective_dpi: etched.placement.effective_dpi(),
        placement: PlacementReport {
            crop: etched.placement.crop,
            crop_method: etched.placement.crop_method,
            fit: plan.settings.placement.fit.unwrap_or_default(),
            subject_cut_percent: etched.placement.subject_cut.map(|share| 100.0 * share),
            head_cut_percent: etched.placement.head_cut.map(|share| 100.0 * share),
        },
        depth: etched.depth,
        matte: etched.matte,
        face: etched.face,
        z_compensation: match machine.z_compensation {
            ZCompensation::Off => "off".to_owned(),
            ZCompensation::Divide => "divide".to_owned(),
        },
        file_frame: (!machine.takes_portrait()).then(|| machine.statement()),
        estimate: EstimateReport {
            seconds: etched.estimate.seconds,
            travel_mm: etched.estimate.travel_mm,
        },
        stages: Stages::default(),
        peak_memory_mb: 0.0,
        warnings: etched.warnings,
    }
}
