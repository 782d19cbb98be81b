//! Broken API servers, each in turn and four at once: what is said of them, and of the others.

use std::time::{Duration, Instant};

use anyhow::Context;

use super::view::{self, Workloads};
use crate::{
    lab::{Answer, Client, Fault, Fleet, Lab, Launch, Proxy, Sample, Signal, pause},
    prove::outcome::{Figures, Outcome},
};

/// Longest time until a broken server is labelled.
const LABEL_BAR: Duration = Duration::from_secs(15);

/// Longest time until a mended one is `LIVE`.
const REPAIR_BAR: Duration = Duration::from_secs(10);

/// Far over the bars, so that a miss has a figure.
const LIMIT: Duration = Duration::from_mins(1);

/// How a server is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Break {
    /// The real server is killed, and started again.
    Killed,
    /// The real server is stopped where it stands, and goes on.
    Hung,
    /// The network swallows everything.
    Silent,
    /// 200 with what is no JSON.
    Garbage,
    /// As the real one refuses a token.
    Unauthorized,
    /// As the real one refuses for want of a grant.
    Forbidden,
    /// One byte a second.
    Slow,
    /// The certificate of another host, from the same authority.
    Stranger,
}

impl Break {
    const ALL: [Self; 8] = [
        Self::Killed,
        Self::Hung,
        Self::Silent,
        Self::Garbage,
        Self::Unauthorized,
        Self::Forbidden,
        Self::Slow,
        Self::Stranger,
    ];

    /// What may be said of it, by DESIGN: UNREACHABLE is no usable answer, STALE an answer that
    /// brings nothing new.
    fn states(self) -> &'static [&'static str] {
        match self {
            Self::Killed | Self::Hung | Self::Silent | Self::Stranger => &["UNREACHABLE"],
            Self::Garbage | Self::Unauthorized => &["STALE"],
            Self::Forbidden => &["FORBIDDEN"],
            Self::Slow => &["UNREACHABLE", "STALE"],
        }
    }

    /// Words of which a true reason holds one.
    fn words(self) -> &'static [&'static str] {
        match self {
            Self::Killed => &["connect", "refused", "closed"],
            Self::Hung | Self::Silent | Self::Slow => {
                &["time", "deadline", "within", "slow", "answer"]
            }
            Self::Garbage => &["understood", "json", "expected", "garbage", "parse", "not what"],
            Self::Unauthorized => &["401", "unauthorized", "token", "credential"],
            Self::Forbidden => &["403", "forbidden", "grant", "permission", "may not"],
            Self::Stranger => &["certificate", "tls"],
        }
    }

    fn fault(self) -> Fault {
        let garbage = Answer::fixed(200, "application/json", b"\xff\x00{{ nothing that is JSON");
        match self {
            Self::Garbage => Fault::Answer("", garbage),
            Self::Unauthorized => Fault::Answer("", Answer::refusal(401, "Unauthorized")),
            Self::Forbidden => Fault::Answer("", Answer::refusal(403, "Forbidden")),
            Self::Slow => Fault::Slow,
            Self::Silent => Fault::Hang,
            Self::Stranger => Fault::Stranger,
            Self::Killed | Self::Hung => Fault::None,
        }
    }
}

/// Before which clusters a proxy stands.
const BEHIND: [&str; 3] = ["aws-prod", "azure-staging", "gcp-dev"];

/// The cluster whose server itself is killed and stopped.
const DIRECT: &str = "gcp-prod";

/// The server under test and what stands around it.
struct Scene<'lab> {
    fleet: &'lab mut Fleet,
    proxies: Vec<(&'static str, Proxy)>,
    client: Client,
    labelled: Sample,
    repaired: Sample,
    problems: Vec<String>,
}

/// Each in turn, then four at once.
pub(crate) fn broken(lab: &mut Lab) -> anyhow::Result<Outcome> {
    let callboard = lab.callboard()?;
    let room = lab.room("broken")?;
    let fleet = lab.fleet()?;
    let before = |name: &'static str| Ok((name, Proxy::before_cluster(&fleet.kubernetes, name)?));
    let proxies = BEHIND.into_iter().map(before).collect::<anyhow::Result<Vec<_>>>()?;
    let port = |name: &str| proxies.iter().find(|it| it.0 == name).map(|it| it.1.port());
    let config = fleet.config(&room, port)?;
    let started = Launch::serve(&callboard, &room, &config)?.ready()?;
    let mut scene = Scene {
        fleet,
        proxies,
        client: started.server.client(),
        labelled: Sample::default(),
        repaired: Sample::default(),
        problems: Vec::new(),
    };
    view::wait_all_live(&mut scene.client)?;
    let [first, ..] = BEHIND;
    for kind in Break::ALL {
        let is_of_server = matches!(kind, Break::Killed | Break::Hung);
        scene.play(&[(if is_of_server { DIRECT } else { first }, kind)])?;
    }
    let others = [Break::Unauthorized, Break::Slow, Break::Stranger];
    let four = BEHIND.into_iter().zip(others).chain([(DIRECT, Break::Killed)]);
    scene.play(&four.collect::<Vec<_>>())?;
    let mut figures = Figures::default();
    let bar = |duration: Duration| duration.as_secs_f64();
    figures.at_most("labelled, longest", scene.labelled.max(), bar(LABEL_BAR), " s");
    figures.at_most("LIVE again, longest", scene.repaired.max(), bar(REPAIR_BAR), " s");
    let wrong = (!scene.problems.is_empty()).then(|| scene.problems.join("; "));
    figures.must("others unchanged, nothing shown as gone, reasons true", wrong);
    Ok(figures.outcome())
}

impl Scene<'_> {
    /// Breaks some servers at once, looks on, and mends them.
    fn play(&mut self, broken: &[(&'static str, Break)]) -> anyhow::Result<()> {
        let names: Vec<String> = self.fleet.kubernetes.names().map(str::to_owned).collect();
        let before = self.everything(&names)?;
        let begun = Instant::now();
        for (name, kind) in broken {
            self.break_one(name, *kind)?;
        }
        for (name, kind) in broken {
            let waited = view::wait_for_state(&mut self.client, name, kind.states(), LIMIT);
            match waited {
                Ok((state, _)) => {
                    self.labelled.push(begun.elapsed().as_secs_f64());
                    let said = state.reason.to_lowercase();
                    if !kind.words().iter().any(|word| said.contains(word)) {
                        self.problems.push(format!("{kind:?} is explained as {said:?}"));
                    }
                }
                Err(error) => {
                    self.labelled.push(LIMIT.as_secs_f64());
                    self.problems.push(format!("{kind:?}: {error:#}"));
                }
            }
        }
        // Two more looks, while it stays broken.
        for _ in 0..2 {
            self.compare(&names, &before, broken, "while broken")?;
            pause(Duration::from_millis(500));
        }
        for (name, kind) in broken {
            self.mend_one(name, *kind)?;
        }
        let mended = Instant::now();
        for (name, kind) in broken {
            let waited = view::wait_for_state(&mut self.client, name, &["LIVE"], LIMIT);
            self.repaired.push(mended.elapsed().as_secs_f64());
            if let Err(error) = waited {
                self.problems.push(format!("after {kind:?}: {error:#}"));
            }
        }
        self.compare(&names, &before, broken, "after repair")
    }

    fn everything(&mut self, names: &[String]) -> anyhow::Result<Vec<Workloads>> {
        names.iter().map(|name| view::workloads(&mut self.client, name)).collect()
    }

    /// Every cluster shows the same workloads as before, and the healthy ones are `LIVE`.
    fn compare(
        &mut self,
        names: &[String],
        before: &[Workloads],
        broken: &[(&str, Break)],
        when: &str,
    ) -> anyhow::Result<()> {
        let states = view::states(&mut self.client)?;
        let kinds: Vec<Break> = broken.iter().map(|(_, kind)| *kind).collect();
        for ((name, before), now) in names.iter().zip(before).zip(self.everything(names)?) {
            let gone = before.keys().filter(|key| !now.contains_key(*key)).count();
            if gone > 0 {
                self.problems
                    .push(format!("{kinds:?} {when}: {gone} workloads of {name} are gone"));
            } else if now != *before {
                self.problems.push(format!("{kinds:?} {when}: {name} shows something else"));
            }
            let is_broken = broken.iter().any(|(broken, _)| broken == name);
            let state = states.get(name).map(|state| state.state.as_str());
            if !is_broken && state != Some("LIVE") {
                self.problems.push(format!("{kinds:?} {when}: {name} is {state:?}"));
            }
        }
        Ok(())
    }

    fn break_one(&mut self, name: &str, kind: Break) -> anyhow::Result<()> {
        match kind {
            Break::Killed => self.fleet.kubernetes.kill(name),
            Break::Hung => self.fleet.kubernetes.signal(name, Signal::Stop),
            _ => {
                self.proxy(name)?.set(kind.fault());
                Ok(())
            }
        }
    }

    fn mend_one(&mut self, name: &str, kind: Break) -> anyhow::Result<()> {
        match kind {
            Break::Killed => self.fleet.kubernetes.restart(name),
            Break::Hung => self.fleet.kubernetes.signal(name, Signal::Continue),
            _ => {
                self.proxy(name)?.set(Fault::None);
                Ok(())
            }
        }
    }

    fn proxy(&self, name: &str) -> anyhow::Result<&Proxy> {
        let found = self.proxies.iter().find(|(behind, _)| *behind == name);
        Ok(&found.with_context(|| format!("no proxy stands before {name}"))?.1)
    }
}
