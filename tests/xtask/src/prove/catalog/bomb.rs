//! A11: descriptors that are made to exhaust their reader, against the release build.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context;
use serde::Deserialize;

use crate::{
    lab::{Lab, median},
    prove::outcome::{Figures, Outcome},
};

/// One attack: its file's name, and what writes it.
struct Bomb {
    name: &'static str,
    write: fn(&mut dyn Write) -> std::io::Result<()>,
}

/// The largest file that a parser sees; a larger one is refused by its size.
const MEBIBYTE: usize = 1024 * 1024;

const BOMBS: &[Bomb] = &[
    Bomb {
        name: "nine-to-the-n-aliases",
        write: |out| {
            writeln!(out, "a0: &a0 [x, x, x, x, x, x, x, x, x]")?;
            (1..20).try_for_each(|level| {
                let alias = format!("*a{}, ", level - 1).repeat(9);
                writeln!(out, "a{level}: &a{level} [{}]", alias.trim_end_matches(", "))
            })
        },
    },
    Bomb { name: "nested-brackets", write: |out| out.write_all("[".repeat(100_000).as_bytes()) },
    Bomb { name: "nested-braces", write: |out| out.write_all("{a: ".repeat(100_000).as_bytes()) },
    Bomb {
        name: "scalar-of-100-mib",
        write: |out| {
            out.write_all(b"a: ")?;
            (0..100).try_for_each(|_| out.write_all(&vec![b'x'; MEBIBYTE]))
        },
    },
    Bomb {
        name: "scalar-of-9-mib",
        write: |out| {
            out.write_all(b"a: ")?;
            (0..9).try_for_each(|_| out.write_all(&vec![b'x'; MEBIBYTE]))
        },
    },
    Bomb {
        name: "a-million-keys",
        write: |out| (0..1_000_000).try_for_each(|key| writeln!(out, "k{key}: 1")),
    },
    Bomb {
        name: "merge-keys",
        write: |out| {
            writeln!(out, "a0: &a0 {{k0: 1}}")?;
            (1..2_000).try_for_each(|level| {
                writeln!(out, "a{level}: &a{level} {{<<: *a{}, k{level}: 1}}", level - 1)
            })
        },
    },
    Bomb {
        name: "ten-thousand-documents",
        write: |out| (0..10_000).try_for_each(|number| writeln!(out, "---\na: {number}")),
    },
    Bomb {
        name: "not-utf-8",
        write: |out| out.write_all(b"kind: Component\nmetadata: { name: \xff\xfe }\n"),
    },
    Bomb {
        name: "python-tag",
        write: |out| out.write_all(b"a: !!python/object/apply:os.system [id]"),
    },
    Bomb { name: "infinite-number", write: |out| out.write_all(b"kind: 1e999\n") },
];

/// What a run cost.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Cost {
    wall_ms: f64,
    peak_mib: f64,
    code: i32,
}

/// `validate` on each of them, against `validate` on a small file.
pub(crate) fn bombs(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let room = lab.room("bombs")?;
    let plain = room.join("plain.yaml");
    fs::write(&plain, "kind: Component\n")?;
    let base = cost(&callboard, &plain)?;
    let mut figures = Figures::default();
    for bomb in BOMBS {
        let file: PathBuf = room.join(format!("{}.yaml", bomb.name));
        let mut writer = std::io::BufWriter::new(fs::File::create(&file)?);
        (bomb.write)(&mut writer)?;
        writer.flush()?;
        #[expect(clippy::cast_precision_loss, reason = "at most 100 MiB")]
        let size_mib = fs::metadata(&file)?.len() as f64 / MEBIBYTE as f64;
        // What is over the limit of 10 MiB is refused unread: its size buys no memory.
        let allowed_mib = if size_mib > 10.0 { 32.0 } else { 32.0 + size_mib };
        let spent = cost(&callboard, &file)?;
        figures.at_most(bomb.name, spent.wall_ms - base.wall_ms, 50.0, " ms");
        figures.at_most("and", spent.peak_mib - base.peak_mib, allowed_mib, " MiB");
        let accepted = (spent.code != 1).then(|| format!("ended with {}", spent.code));
        figures.must("refused", accepted);
    }
    Ok(figures.outcome())
}

/// The median of three runs. Python tells what the operating system counted for its child.
fn cost(callboard: &Path, file: &Path) -> anyhow::Result<Cost> {
    const PROGRAM: &str = "import json, os, resource, subprocess, sys, time\n\
        began = time.perf_counter()\n\
        code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, \
        stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL).returncode\n\
        wall = (time.perf_counter() - began) * 1e3\n\
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024\n\
        print(json.dumps({'wall_ms': wall, 'peak_mib': peak, 'code': code}))";
    let once = || -> anyhow::Result<Cost> {
        let output = Command::new("python3")
            .args(["-c", PROGRAM])
            .arg(callboard)
            .arg("validate")
            .arg(file)
            .stdin(Stdio::null())
            .output()
            .context("python3 did not start")?;
        serde_json::from_slice(&output.stdout).context("python3 printed something else")
    };
    let costs = [once()?, once()?, once()?];
    let middle = |figure: fn(&Cost) -> f64| median(&costs.iter().map(figure).collect::<Vec<_>>());
    let [first, ..] = costs;
    Ok(Cost { wall_ms: middle(|it| it.wall_ms), peak_mib: middle(|it| it.peak_mib), ..first })
}
