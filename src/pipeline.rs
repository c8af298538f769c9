//! The pipeline: all stages, once, from top to bottom, each timed; nothing else.
//!
//! [`etch`] goes from files to files, [`etch_photo`] from a decoded photo to a cloud in memory.
//! Nothing is written before everything is computed, and the files appear together or not at all.

mod clock;
mod files;
mod for_machine;

use std::path::{Path, PathBuf};

use self::clock::Clock;
use self::for_machine::Job;
use crate::blank::Blank;
use crate::cloud::Cloud;
use crate::depth::Scene;
use crate::error::{Error, Result};
use crate::format::{Batch, Format};
use crate::grid::Grid;
use crate::machine::{Estimate, Machine};
use crate::order::Effort;
use crate::photo::Photo;
use crate::placement::Placement;
use crate::plan::Plan;
use crate::plate::{Plate, Surface};
use crate::report::{DepthReport, FaceReport, MatteReport, Report, Unplaced, peak_memory_mb};
use crate::run::Run;
use crate::sampling::Quality;
use crate::settings::{DepthSettings, DepthSource, MatteSource, Settings, limits};
use crate::spacing::closeness;
use crate::tone::ToneMap;
use crate::{
    depth, eyes, network, order, photo, placement, preview, relief, sampling, subject, tone,
};

/// A file of points to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub format: Format,
}

/// One job: a photo, what to make of it, and where to put it.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The photo.
    pub photo: PathBuf,
    /// Files of points; all hold the same points in the same order.
    pub outputs: Vec<Output>,
    /// Where to write the tone map, if at all.
    pub tone_map: Option<PathBuf>,
    /// Where to write the preview, if at all.
    pub preview: Option<PathBuf>,
    /// Where to write the report, if at all.
    pub report: Option<PathBuf>,
    /// What to make.
    pub settings: Settings,
}

/// A photo made into points, in memory.
#[derive(Clone, Debug)]
pub struct Etched {
    /// The points in the order of etching.
    pub cloud: Cloud,
    /// What the sampler was asked to show.
    pub tone_map: ToneMap,
    /// Points per mm2 in projection that the tone map's full white stands for.
    pub max_density_per_mm2: f64,
    /// Where the photo lies.
    pub placement: Placement,
    /// Where depth came from.
    pub depth: DepthReport,
    /// Which part of the photo is etched.
    pub matte: MatteReport,
    /// The face whose eyes are known, where one was looked for.
    pub face: Option<FaceReport>,
    /// Points that the tone asked for where the spacing left no room.
    pub unplaced: Unplaced,
    /// The least scaled distance of two points; `None` with fewer than two.
    pub least_ratio: Option<f64>,
    /// The least distance of a point to the blank's surface, mm; infinite without points.
    pub clearance_mm: f64,
    /// What the machine needs.
    pub estimate: Estimate,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// Makes files of points from a photo file.
///
/// # Errors
///
/// Any [`Error`]; no file was written then, and what stood there before is as it was.
pub fn etch(request: &Request, run: &Run) -> Result<Report> {
    let mut clock = Clock::new(run);
    files::check(request)?;
    limits::check(&request.settings)?;
    let formats: Vec<Format> = request.outputs.iter().map(|output| output.format).collect();
    let ((machine, blank, plan), (photo, color)) = clock.time_both(
        ("plan", || plan_for(&request.settings, &formats)),
        ("decode", || decode(&request.photo, &request.settings)),
    )?;
    files::check_sources(request, &blank, &machine)?;
    let source = Source {
        path: Some(request.photo.as_path()),
        color: color.as_ref(),
    };
    let mut etched = etch_planned(&photo, source, &machine, &plan, &mut clock)?;
    if etched.cloud.is_empty() {
        return Err(files::nothing_to_etch(request));
    }
    let picture = match &request.preview {
        Some(_) => clock.time("preview", || {
            let caption = files::caption(&etched, &blank);
            preview::png(&etched.cloud, &blank, &caption)
        })?,
        None => Vec::new(),
    };
    let inputs = clock.time("hash", || files::inputs(request, &photo, &blank, &machine))?;
    let mut batch = Batch::new();
    let job = Job::new(&etched.cloud, &plan, &machine, &blank)?;
    files::check_parts(request, &job, &blank, &machine)?;
    if !job.is_whole() {
        let [_, slab_mm] = for_machine::promised_mm(&plan);
        etched.estimate = job.estimate(&machine, slab_mm);
    }
    // Nothing appears under its name before it is measured: the batch is committed below.
    let (measured, outputs) = clock.time_both(
        ("measure", || {
            // Giving its memory back takes some milliseconds, and writing takes longer than this.
            drop((photo, color));
            let mut measured = measure(&etched.cloud, &blank, &plan)?;
            if !machine.takes_portrait() && !formats.is_empty() {
                let spacing_mm = for_machine::promised_mm(&plan);
                let text = &plan.settings.output.text;
                measured = job.measure(&formats, text, &machine, &blank, spacing_mm)?;
            }
            Ok(measured)
        }),
        ("write", || {
            files::add_pictures(&mut batch, request, &etched.tone_map, &picture)?;
            files::add_clouds(&mut batch, request, &job, &machine, &plan, run)
        }),
    )?;
    (etched.least_ratio, etched.clearance_mm) = measured;
    if !job.is_whole() {
        etched.warnings.push(files::in_parts(&job, &machine));
    }
    etched.warnings.extend(files::of_other_jobs(request, &job));
    let mut report = files::report(request, &plan, &blank, &machine, etched);
    report.inputs = inputs;
    report.outputs = outputs;
    report.stages = clock.into_times();
    report.peak_memory_mb = peak_memory_mb();
    files::add_report(&mut batch, request, &report)?;
    run.check()?;
    batch.commit()?;
    Ok(report)
}

/// Makes a cloud from a decoded photo, in memory.
///
/// The points are those that [`etch`] would write for the same settings to a PLY file, but for what needs
/// the photo's file or colours: the matte `auto`, depth inside the photo, and networks.
///
/// # Errors
///
/// Any [`Error`].
pub fn etch_photo(photo: &Photo, settings: &Settings, run: &Run) -> Result<Etched> {
    let (machine, blank, plan) = plan_for(settings, &[])?;
    let mut clock = Clock::new(run);
    let mut etched = etch_planned(photo, Source::default(), &machine, &plan, &mut clock)?;
    (etched.least_ratio, etched.clearance_mm) =
        clock.time("measure", || measure(&etched.cloud, &blank, &plan))?;
    Ok(etched)
}

/// Looks up machine and blank, and checks all settings against them.
fn plan_for(settings: &Settings, formats: &[Format]) -> Result<(Machine, Blank, Plan)> {
    let machine = Machine::find(&settings.machine.name)?;
    let blank = Blank::find(&settings.blank)?;
    let plan = for_machine::plan(settings, &machine, &blank, formats)?;
    Ok((machine, blank, plan))
}

/// What stages know of a photo beside its light.
#[derive(Clone, Copy, Debug, Default)]
struct Source<'a> {
    /// Its file, if it has one.
    path: Option<&'a Path>,
    /// A small copy in colour, where a stage needs it.
    color: Option<&'a Grid<[u8; 3]>>,
}

/// Decodes the photo; in colour too where the subject is found by it, or a network looks at it.
fn decode(path: &Path, settings: &Settings) -> Result<(Photo, Option<Grid<[u8; 3]>>)> {
    let max_megapixels = settings.photo.max_megapixels;
    let depth = &settings.depth;
    let face = depth.face_model.is_some() && depth.eyes_px.is_none();
    let network = face || (depth.model.is_some() && depth.source == DepthSource::Auto);
    if network || settings.matte.source == MatteSource::Auto {
        let (photo, color) = photo::decode_in_color(path, max_megapixels)?;
        return Ok((photo, Some(color)));
    }
    Ok((photo::decode(path, max_megapixels)?, None))
}

/// The stages between the photo and the ordered cloud, which is not measured yet.
fn etch_planned(
    photo: &Photo,
    source: Source<'_>,
    machine: &Machine,
    plan: &Plan,
    clock: &mut Clock<'_>,
) -> Result<Etched> {
    let settings = &plan.settings;
    let volume = &plan.volume;
    let mut warnings = settings.without_effect();
    warnings.extend(photo.warnings.iter().cloned());

    let mut depth_settings = settings.depth.clone();
    let face = face(
        photo,
        source.color,
        &mut depth_settings,
        clock,
        &mut warnings,
    )?;
    let depth_settings = depth_settings;
    let eyes = eyes::named(&depth_settings, photo)?;

    // An estimate of depth starts from the matte; any other depth helps to find it.
    let scene = Scene {
        photo,
        path: source.path,
        color: source.color,
        matte: None,
    };
    let run = clock.run();
    let mut depth = None;
    if settings.depth.source != DepthSource::Auto {
        depth = Some(clock.time("depth", || depth::depth(&scene, &depth_settings, run))?);
    }
    let mut matte = clock.time("matte", || {
        let hints = subject::Hints {
            color: source.color,
            depth: depth.as_ref().and_then(|depth| depth.map.as_ref()),
            eyes,
            max_megapixels: Some(settings.photo.max_megapixels),
        };
        subject::matte(photo, hints, &settings.matte, run)
    })?;
    warnings.append(&mut matte.warnings);
    let subject = matte.grid.as_ref();

    let depth = match depth {
        Some(depth) => depth,
        None => clock.time("depth", || {
            let scene = Scene {
                matte: subject,
                ..scene
            };
            depth::depth(&scene, &depth_settings, run)
        })?,
    };
    let depth_memory_mb = peak_memory_mb();
    warnings.extend(depth.warnings.iter().cloned());

    let (width_px, height_px) = (photo.luminance.width(), photo.luminance.height());
    let placement = clock.time("place", || {
        let marked = subject.filter(|_| matte.marks_subject());
        // Without a cut-out the photo shows around the subject; where it is transparent, there is no
        // background to be kept.
        let kept = marked.is_none() || settings.matte.background > 0.0;
        let subject = placement::Subject {
            matte: marked,
            eyes,
            background: kept && photo.alpha.is_none(),
        };
        let subject = (marked.is_some() || eyes.is_some()).then_some(subject);
        placement::place(width_px, height_px, &settings.placement, volume, subject)
    })?;
    warnings.extend(placement.warnings.iter().cloned());

    let toned = clock.time("tone", || {
        let background = settings.matte.background;
        let around = (background > 0.0).then(|| subject::cover(&matte, photo, background));
        let cover = around.as_ref().map_or(subject, Option::as_ref);
        let judged = around.as_ref().and(subject);
        let pixel_mm = tone::pixel_mm(plan.white_per_mm2(), placement.mm_per_photo_px);
        tone::tone_map(
            photo,
            cover,
            judged,
            &placement,
            volume,
            pixel_mm,
            &settings.tone,
        )
    })?;
    warnings.extend(toned.warnings);
    check_count(&toned.map, plan)?;

    let (mut relief_mm, mut relief_curve) = (0.0, None);
    let surface = match &depth.map {
        None => Surface::Flat(plan.front_z_mm as f32),
        Some(map) => {
            let shaping = depth.shaping(&settings.depth);
            let shaped = clock.time("relief", || {
                let around_mm = plan.around_relief_mm();
                relief::shape(map, photo, subject, &placement, volume, around_mm, &shaping)
            })?;
            warnings.extend(shaped.warnings);
            (relief_mm, relief_curve) = (shaped.relief_mm, shaping.relief_curve);
            Surface::Relief(shaped.surface)
        }
    };

    let plates = [Plate {
        tone: toned.map,
        surface,
        layers: plan.layers,
    }];
    let run = clock.run();
    let sampled = clock.time("sample", || {
        sampling::sample(&plates, volume, &plan.sampling, run)
    })?;
    let [plate] = plates;

    let [_, slab_mm] = for_machine::promised_mm(plan);
    let cloud = clock.time("order", || {
        let effort = match plan.sampling.quality {
            Quality::Draft => Effort::Rough,
            Quality::Fine | Quality::Best => Effort::Quick,
        };
        let permutation = order::deepest_first_with(&sampled.cloud, slab_mm, effort);
        Ok(sampled.cloud.permuted(&permutation))
    })?;
    drop(sampled.cloud);

    let estimate = clock.time("estimate", || Ok(machine.estimate(&cloud, slab_mm)))?;

    if let Some(budget) = plan.sampling.points
        && (cloud.len() as f64 - budget as f64).abs() > 0.01 * budget as f64
    {
        warnings.push(format!(
            "the picture has room for {} points, not for the {budget} asked for; lower --spacing \
             or add --layers",
            cloud.len()
        ));
    }
    let unplaced = Unplaced {
        points: sampled.unplaced_points,
        mm2: sampled.unplaced_points / sampled.max_density_per_mm2.max(1e-9),
        percent: 100.0 * sampled.unplaced_points / sampled.wanted_points.max(1.0),
    };
    Ok(Etched {
        cloud,
        tone_map: plate.tone,
        max_density_per_mm2: sampled.max_density_per_mm2,
        placement,
        depth: DepthReport {
            method: depth.method,
            origin: depth.origin,
            confidence: depth.confidence,
            range_m: depth.range_m,
            network: depth.network,
            peak_memory_mb: depth_memory_mb,
            relief_mm,
            relief_curve,
        },
        matte: MatteReport {
            used: matte.grid.is_some(),
            source: matte.source,
            method: matte.method,
            confidence: matte.confidence,
            network: matte.network,
            share: matte.share,
        },
        face,
        unplaced,
        least_ratio: None,
        clearance_mm: f64::INFINITY,
        estimate,
        warnings,
    })
}

/// Looks for the face that is the subject's: as the settings name its eyes, else by the network of faces,
/// which adds them to the settings.
fn face(
    photo: &Photo,
    color: Option<&Grid<[u8; 3]>>,
    settings: &mut DepthSettings,
    clock: &mut Clock<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<FaceReport>> {
    if settings.eyes_px.is_some() {
        return Ok(Some(FaceReport {
            eyes_px: settings.eyes_px,
            source: "given".to_owned(),
            confidence: None,
            count: None,
            network: None,
        }));
    }
    let Some(model) = &settings.face_model else {
        return Ok(None);
    };
    let run = clock.run();
    let faces = clock.time("face", || network::eyes(model, photo, color, run))?;
    let source = model.display().to_string();
    warnings.extend(faces.warnings);
    settings.eyes_px = faces.eyes_px;
    Ok(Some(FaceReport {
        eyes_px: faces.eyes_px,
        source,
        confidence: faces.eyes_px.map(|_| faces.score),
        count: Some(faces.count),
        network: Some(faces.network),
    }))
}

/// Refuses a picture of more points than a job can have, before any of them is made.
fn check_count(tone: &ToneMap, plan: &Plan) -> Result<()> {
    let spacing = &plan.sampling.spacing;
    // A square grid in every layer: what full white comes closest to.
    let density = f64::from(plan.layers) / (spacing.xy_mm * spacing.xy_mm);
    let wanted = tone.full_area_mm2() * density;
    if plan.sampling.points.is_none() && wanted > limits::MOST_POINTS as f64 {
        let shown = format!("{}x{} mm", spacing.xy_mm, spacing.z_mm);
        let limit = format!(
            "asks for {:.0} million points, and a job has at most {}",
            wanted / 1e6,
            limits::MOST_POINTS / 1_000_000
        );
        let remedy = "raise --spacing, lower --layers, or give a budget with --points";
        return Err(Error::setting("--spacing", &shown, limit, remedy));
    }
    Ok(())
}

/// The least scaled distance of two points and the least distance to the surface, mm, both as they
/// were promised.
fn measure(cloud: &Cloud, blank: &Blank, plan: &Plan) -> Result<(Option<f64>, f64)> {
    let [xy_mm, z_mm] = for_machine::promised_mm(plan);
    let closeness = closeness(cloud, xy_mm, z_mm);
    let clearance_mm = blank.least_clearance_mm(cloud).unwrap_or(f64::INFINITY);
    promised(closeness.least_ratio, clearance_mm, blank)
}

/// Lets no cloud pass that breaks the promises; that would be a fault of ours, and crack glass.
fn promised(ratio: Option<f64>, clearance_mm: f64, blank: &Blank) -> Result<(Option<f64>, f64)> {
    // The last digits of measuring, a thousand times finer than any file resolves.
    const ROUNDING: f64 = 1e-6;
    if ratio.is_some_and(|ratio| ratio < 1.0 - ROUNDING) {
        let what = format!("two points have {} of the spacing", ratio.unwrap_or(0.0));
        return Err(Error::Promise { what });
    }
    if clearance_mm < blank.margin_mm - ROUNDING {
        let what = format!(
            "a point lies {clearance_mm} mm from the surface where the margin is {} mm",
            blank.margin_mm
        );
        return Err(Error::Promise { what });
    }
    Ok((ratio, clearance_mm))
}
