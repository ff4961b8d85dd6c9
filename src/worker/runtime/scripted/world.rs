//! What the scripted engine knows: its images, its containers, and what it was told to do.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use tokio_util::bytes::Bytes;

use super::{Behaviour, Draw, Setup};
use crate::wire;
use crate::worker::runtime::{
    Blueprint, Container, Error, Exit, Identity, Info, Listed, LogOptions, Phase, Result,
};

/// How long an engine's ids are.
const ID_LENGTH: usize = 64;

/// What the scripted engine knows.
pub struct World {
    pub images: BTreeMap<String, Behaviour>,
    pub registry: BTreeMap<String, Behaviour>,
    /// By number.
    pub containers: BTreeMap<u64, Fake>,
    /// The numbers by name.
    by_name: HashMap<String, u64>,
    pub failures: Vec<(&'static str, Error)>,
    pub panics_at: Option<&'static str>,
    pub journal: Vec<String>,
    pub info: Info,
    pub latency: Duration,
    pub away: bool,
    keeps_journal: bool,
    draw: Option<Draw>,
    made: u64,
}

/// A container that is only a record.
pub struct Fake {
    pub id: String,
    pub name: String,
    pub identity: Option<Identity>,
    pub task: Option<wire::Task>,
    pub phase: Phase,
    pub behaviour: Behaviour,
    starts: usize,
}

/// A container as the engine has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The engine's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is; none: not podling's.
    pub identity: Option<Identity>,
    /// Where it is in its life.
    pub phase: Phase,
    /// How often it was started.
    pub starts: usize,
}

impl Fake {
    pub fn held(&self) -> Held {
        Held {
            id: self.id.clone(),
            name: self.name.clone(),
            identity: self.identity.clone(),
            phase: self.phase.clone(),
            starts: self.starts,
        }
    }

    /// As `inspect` shows it.
    pub fn shown(&self) -> Container {
        Container {
            id: self.id.clone(),
            identity: self.identity.clone(),
            phase: self.phase.clone(),
            health: None,
        }
    }

    /// What it wrote. Each line has a time of its own, a second after the one before.
    pub fn lines(&self, options: &LogOptions) -> Vec<Bytes> {
        let written = self.behaviour.writes.iter().cycle();
        let count = self.behaviour.writes.len() * self.starts;
        let lines = written.take(count).enumerate().map(|(number, text)| {
            let time = jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(number as i64);
            match options.timestamps {
                true => Bytes::from(format!("{time} {text}\n")),
                false => Bytes::from(format!("{text}\n")),
            }
        });
        let lines: Vec<Bytes> = lines.collect();
        let tail = options.tail.map_or(lines.len(), |tail| tail as usize);
        lines
            .iter()
            .skip(lines.len().saturating_sub(tail))
            .cloned()
            .collect()
    }
}

impl World {
    pub fn new(setup: Setup) -> Self {
        Self {
            images: BTreeMap::new(),
            registry: BTreeMap::new(),
            containers: BTreeMap::new(),
            by_name: HashMap::new(),
            failures: Vec::new(),
            panics_at: None,
            journal: Vec::new(),
            info: setup.info,
            latency: Duration::ZERO,
            away: false,
            keeps_journal: setup.keeps_journal,
            draw: setup.draw,
            made: 0,
        }
    }

    /// Keeps in mind that this was asked.
    pub fn note(&mut self, operation: &str, subject: &str) {
        if self.keeps_journal {
            self.journal.push(format!("{operation} {subject}"));
        }
    }

    fn number(&self, id_or_name: &str) -> Result<u64> {
        let number = number_of(id_or_name).or_else(|| self.by_name.get(id_or_name).copied());
        number.ok_or_else(|| not_found(id_or_name))
    }

    pub fn find(&self, id_or_name: &str) -> Result<&Fake> {
        let found = self.containers.get(&self.number(id_or_name)?);
        found.ok_or_else(|| not_found(id_or_name))
    }

    fn find_mut(&mut self, id_or_name: &str) -> Result<&mut Fake> {
        let found = self.containers.get_mut(&self.number(id_or_name)?);
        found.ok_or_else(|| not_found(id_or_name))
    }

    /// The newest container of a task.
    pub fn of_task(&self, task_id: &str) -> Option<&Fake> {
        let all = self.containers.values();
        all.filter(|found| {
            found
                .identity
                .as_ref()
                .is_some_and(|i| i.task_id == task_id)
        })
        .max_by_key(|found| found.identity.as_ref().map(|identity| identity.attempt))
    }

    pub fn listed(&self, node_id: &str) -> Vec<Listed> {
        let of_node = self.containers.values().filter_map(|found| {
            let identity = found.identity.clone().filter(|i| i.node_id == node_id)?;
            Some(Listed {
                id: found.id.clone(),
                name: found.name.clone(),
                identity,
                task: found.task.clone(),
                stage: found.phase.stage(),
            })
        });
        of_node.collect()
    }

    pub fn pull(&mut self, image: &str) -> Result<()> {
        if self.draw.is_some() {
            return Ok(()); // Any image is there.
        }
        let behaviour = self.registry.get(image).ok_or_else(|| no_image(image))?;
        self.images.insert(image.into(), behaviour.clone());
        Ok(())
    }

    pub fn create(&mut self, blueprint: &Blueprint) -> Result<String> {
        let name = &blueprint.name;
        if self.find(name).is_ok() {
            return Err(Error::NameTaken { name: name.clone() });
        }
        let image = &blueprint.task.image;
        let behaviour = match (self.images.get(image), &self.draw) {
            (Some(behaviour), _) => behaviour.clone(),
            (None, Some(_)) => Behaviour::default(), // Until it is started.
            (None, None) => return Err(no_image(image)),
        };
        let container = self.add(name, behaviour);
        container.identity = Some(blueprint.identity.clone());
        container.task = Some(blueprint.task.clone());
        Ok(container.id.clone())
    }

    pub fn take_name(&mut self, name: &str) {
        self.add(name, Behaviour::service());
    }

    fn add(&mut self, name: &str, behaviour: Behaviour) -> &mut Fake {
        self.made += 1;
        self.by_name.insert(name.into(), self.made);
        self.containers.entry(self.made).or_insert(Fake {
            id: format!("{:0ID_LENGTH$x}", self.made),
            name: name.into(),
            identity: None,
            task: None,
            phase: Phase::Created,
            behaviour,
            starts: 0,
        })
    }

    /// It is gone, whatever it did.
    pub fn forget(&mut self, id: &str) {
        let Some(number) = number_of(id) else { return };
        let gone = self.containers.remove(&number);
        if let Some(gone) = gone
            && self.by_name.get(&gone.name) == Some(&number)
        {
            self.by_name.remove(&gone.name);
        }
    }

    /// All are gone.
    pub fn forget_all(&mut self) {
        self.containers.clear();
        self.by_name.clear();
    }

    /// Draws how the next run of a container goes, where that is drawn; gives how long its start
    /// takes.
    pub fn next_run(&mut self, container: &str) -> Result<Duration> {
        let number = self.number(container)?;
        let found = self.containers.get_mut(&number);
        let found = found.ok_or_else(|| not_found(container))?;
        if let Some(draw) = &mut self.draw
            && found.phase != Phase::Running
        {
            found.behaviour = draw(&found.name);
        }
        Ok(found.behaviour.starts_in)
    }

    /// Which run it is, by number; none when it runs already.
    pub fn start(&mut self, container: &str) -> Result<Option<(String, usize, Behaviour)>> {
        let found = self.find_mut(container)?;
        if found.phase == Phase::Running {
            return Ok(None);
        }
        found.phase = Phase::Running;
        found.starts += 1;
        Ok(Some((
            found.id.clone(),
            found.starts,
            found.behaviour.clone(),
        )))
    }

    /// How often the container was started.
    pub fn starts(&self, id: &str) -> Option<usize> {
        Some(self.find(id).ok()?.starts)
    }

    /// The task of the container when it ran.
    pub fn end(&mut self, id: &str, exit: Exit) -> Option<String> {
        let found = self.find_mut(id).ok()?;
        if found.phase != Phase::Running {
            return None;
        }
        found.phase = Phase::Exited(exit);
        Some(found.identity.as_ref()?.task_id.clone())
    }

    pub fn remove(&mut self, container: &str, force: bool) -> Result<()> {
        let Ok(found) = self.find(container) else {
            return Ok(());
        };
        if found.phase == Phase::Running && !force {
            return Err(Error::Other {
                operation: "remove the container",
                why: "it runs".into(),
            });
        }
        let id = found.id.clone();
        self.forget(&id);
        Ok(())
    }
}

/// Ids are numbers, as long as an engine's: no name is.
fn number_of(id: &str) -> Option<u64> {
    let is_one = id.len() == ID_LENGTH && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(id, 16).ok().filter(|_| is_one)
}

fn not_found(container: &str) -> Error {
    Error::NotFound {
        container: container.into(),
    }
}

fn no_image(image: &str) -> Error {
    Error::ImageNotFound {
        image: image.into(),
        why: "neither here nor in the registry".into(),
    }
}
