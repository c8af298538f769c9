//! `glyptic etch`: from flags to a request, and from a report to the terminal.

use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use glyptic::format::{Format, check_targets};
use glyptic::machine::Machine;
use glyptic::pipeline::{self, Output, Request};
use glyptic::report::{InputFile, Report};
use glyptic::{Error, Run, Settings};

use super::config::{self, Config, Job};
use super::etch_args::EtchArgs;
use super::failure::{Failure, printable};
use super::progress::Progress;
use super::text::print;

/// How long Ctrl-C leaves a job to end by itself.
const PATIENCE: Duration = Duration::from_millis(700);

/// Runs `glyptic etch`.
pub(crate) fn run(args: &EtchArgs) -> Result<(), Failure> {
    let config = match &args.files.config {
        Some(path) => config::read(path)?,
        None => Config::default(),
    };
    let request = request(args, &config)?;
    spare_config(args, &config)?;
    if let Some(threads) = args.running.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        pool.build_global()
            .map_err(|error| Failure::Usage(format!("--threads {threads}: {error}")))?;
    }
    let progress = Progress::new(args.running.quiet);
    let observer = progress.clone();
    let run = Arc::new(Run::observed(Box::new(move |stage, done| {
        observer.observe(stage, done);
    })));
    stop_on_ctrl_c(&run, &progress);
    let result = pipeline::etch(&request, &run);
    progress.clear();
    let mut report = result?;
    let changed = config
        .job
        .iter()
        .flat_map(|job| changed_inputs(job, &report));
    let changed: Vec<String> = changed.collect();
    report.warnings.extend(changed);
    answer(args, &report)
}

/// Prints the report and what the user should know.
fn answer(args: &EtchArgs, report: &Report) -> Result<(), Failure> {
    if !args.running.quiet {
        for warning in &report.warnings {
            eprintln!("glyptic: warning: {}", printable(warning));
        }
    }
    if args.running.json {
        print(&report.to_json())
    } else if args.running.quiet {
        Ok(())
    } else {
        print(&format!("{}\n", printable(&report.to_string())))
    }
}

/// Refuses outputs in the place of the settings file; a report may be written anew.
fn spare_config(args: &EtchArgs, config: &Config) -> Result<(), Failure> {
    let files = &args.files;
    let report = files.report.iter().filter(|_| config.job.is_none());
    let others = [&files.preview, &files.tone_map].into_iter().flatten();
    let outputs: Vec<&PathBuf> = files.output.iter().chain(others).chain(report).collect();
    Ok(check_targets(&outputs, files.config.as_slice())?)
}

/// The job that the flags and the settings file ask for.
fn request(args: &EtchArgs, config: &Config) -> Result<Request, Failure> {
    let mut settings = args.apply(config.settings.clone());
    if args.files.config.is_none() {
        let machine = Machine::find(&settings.machine.name)?;
        if !args.files.names_dialect() {
            settings.output.dxf_dialect = machine.dialect;
        }
        if !args.files.text.names_decimals() {
            settings.output.text.decimals = machine.decimals;
        }
    }
    let recorded = config.job.as_ref();
    let photo = args.photo.clone().or_else(|| recorded.and_then(Job::photo));
    let photo = photo.ok_or_else(|| {
        Failure::Usage("no photo is named; write glyptic etch PHOTO -o FILE; see --help".to_owned())
    })?;
    let mut outputs = args
        .files
        .output
        .iter()
        .map(|path| output(path, args.files.format.as_deref(), &settings))
        .collect::<Result<Vec<_>, _>>()?;
    if outputs.is_empty() {
        outputs = recorded.map_or_else(Vec::new, |job| job.outputs.clone());
    }
    if outputs.is_empty() {
        let line = "no output is named; add -o FILE, like -o pendant.dxf; see --help";
        return Err(Failure::Usage(line.to_owned()));
    }
    Ok(Request {
        photo,
        outputs,
        tone_map: args.files.tone_map.clone(),
        preview: args.files.preview.clone(),
        report: args.files.report.clone(),
        settings,
    })
}

/// An output file with the format that `--format` or its extension asks for.
fn output(path: &Path, format: Option<&str>, settings: &Settings) -> Result<Output, Failure> {
    let (dialect, ascii) = (settings.output.dxf_dialect, settings.output.ply_ascii);
    let format = match (format, path.extension()) {
        (Some(name), _) => Format::from_name(name, dialect, ascii)?,
        (None, Some(extension)) => {
            Format::from_extension(&extension.to_string_lossy(), dialect, ascii)?
        }
        (None, None) => {
            return Err(Failure::Usage(format!(
                "{} has no extension that would say its format; add one like .dxf, or --format",
                path.display()
            )));
        }
    };
    Ok(Output {
        path: path.to_owned(),
        format,
    })
}

/// A warning for each input that is not what it was when the report was written: the first of a role is held
/// against the first, and so on.
fn changed_inputs(job: &Job, report: &Report) -> Vec<String> {
    let mut changed = Vec::new();
    for (index, then) in job.inputs.iter().enumerate() {
        let same_role = |input: &&InputFile| input.role == then.role;
        let place = job.inputs[..index].iter().filter(same_role).count();
        let now = report.inputs.iter().filter(same_role).nth(place);
        if let Some(now) = now.filter(|now| now.sha256 != then.sha256) {
            changed.push(format!(
                "{} differs from the {} that the report was made from ({}); the points differ too",
                now.path.display(),
                then.role,
                then.path.display()
            ));
        }
    }
    changed
}

/// Lets Ctrl-C end the job within a second.
///
/// Stages look every few milliseconds whether they should stop. One that does not, in a library
/// that decodes a large photo say, is cut off; not so while files are written, which takes care of
/// its temporary files itself. Since the run is already stopped, that cannot begin meanwhile.
fn stop_on_ctrl_c(run: &Arc<Run>, progress: &Progress) {
    let (run, progress) = (Arc::clone(run), progress.clone());
    // Where no handler can be set, Ctrl-C ends the process as it always did.
    let _ = ctrlc::set_handler(move || {
        run.stop();
        thread::sleep(PATIENCE);
        if !progress.is_writing() {
            progress.clear();
            eprintln!("glyptic: error: {}", Error::Cancelled);
            process::exit(130);
        }
    });
}
