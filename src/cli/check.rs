//! `glyptic check`: is this file safe to etch?

use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use glyptic::check::{Findings, check};
use glyptic::report::thousands;
use glyptic::{Error, format, preview};

use super::failure::{Failure, printable};
use super::target::{CoordinateArgs, Target, TargetArgs};
use super::text::print;
use super::values::png;

const EXAMPLES: &str = "\
Exit codes: 0 safe, 1 not safe or not readable, 2 wrong usage.

Examples:
  glyptic check pendant.dxf --blank heart-35
      Held against the heart's margin of its own and the spacing of green-532.
  glyptic check bust.ply --config bust.json --preview faults.png
      Held against what the report bust.json says; a picture with the faults marked.
  glyptic check old.xyz --blank block-50x50x80 --spacing 0.1x0.12 --margin 3mm --json
      Another spacing and margin; the findings as JSON.";

/// `glyptic check`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct CheckArgs {
    /// The file of points: any format that glyptic reads; see `glyptic formats`.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,
    #[command(flatten)]
    target: TargetArgs,
    #[command(flatten)]
    coordinates: CoordinateArgs,
    /// Picture of the points with those at fault marked.
    #[arg(long, value_name = "FILE.png", value_parser = png(), value_hint = ValueHint::FilePath)]
    preview: Option<PathBuf>,
    /// Print the findings as JSON instead of text; `glyptic schema check` prints their schema.
    #[arg(long)]
    json: bool,
}

/// Runs `glyptic check`.
pub(crate) fn run(args: &CheckArgs) -> Result<(), Failure> {
    let target = args.target.target()?;
    if let Some(preview) = &args.preview {
        let inputs = target.files.iter().chain([&args.file]);
        format::check_targets(&[preview], &inputs.collect::<Vec<_>>())?;
    }
    let findings = match examine(args, &target) {
        Ok(findings) => findings,
        // What cannot be read cannot be etched; a script gets that as a finding.
        Err(error @ (Error::Read { .. } | Error::Content { .. })) if args.json => {
            Findings::unreadable(args.file.clone(), printable(&error.to_string()))
        }
        Err(error) => return Err(error.into()),
    };
    if args.json {
        print(&findings.to_json())?;
    } else {
        let lines = findings.to_string();
        let lines: Vec<String> = lines.lines().map(printable).collect();
        print(&(lines.join("\n") + "\n"))?;
    }
    if findings.safe {
        Ok(())
    } else {
        Err(Failure::Verdict)
    }
}

fn examine(args: &CheckArgs, target: &Target) -> glyptic::Result<Findings> {
    let cloud = format::read(&args.file)?;
    let (cloud, read_as) = args.coordinates.to_portrait(&cloud, &args.file, target);
    let bytes = fs::metadata(&args.file).ok().map(|meta| meta.len());
    let mut findings = check(&cloud, &target.limits(bytes));
    findings.file = Some(args.file.clone());
    findings.warnings.extend(read_as);
    if let Some(path) = &args.preview {
        let blank = &target.blank;
        let name = args.file.file_name().unwrap_or_default().to_string_lossy();
        let points = thousands(cloud.len() as u64);
        let caption = format!(
            "{}\n{}, {}, {points} points",
            printable(&name),
            blank.name,
            blank.size
        );
        let picture = preview::faults_png(&cloud, blank, &findings.faulty, &caption)?;
        format::write_whole(path, |out| {
            out.write_all(&picture).map_err(|source| Error::Write {
                path: path.clone(),
                source,
            })
        })?;
    }
    Ok(findings)
}
