//! The 150 people.

use super::model::{Group, GroupKind, Person};
use super::names;
use super::random::Random;
use super::vocabulary::{LeaderWords, NameWords, OrganisationWords};
use std::collections::BTreeSet;

/// Groups and people, company first, each squad after its tribe.
pub(crate) fn organisation(words: &OrganisationWords) -> (Vec<Group>, Vec<Person>) {
    let company = &words.company;
    let mut groups = vec![Group {
        name: company.name.clone(),
        title: company.title.clone(),
        kind: GroupKind::Company,
        parent: None,
        about: company.about.clone(),
        city: "Copenhagen".to_owned(),
    }];
    let mut roll = Roll::new(&words.people);
    words.leaders.iter().for_each(|leader| roll.appoint(leader, &company.name));
    for tribe in &words.tribes {
        groups.push(Group {
            name: tribe.name.clone(),
            title: tribe.title.clone(),
            kind: GroupKind::Tribe,
            parent: Some(company.name.clone()),
            about: tribe.about.clone(),
            city: tribe.city.clone(),
        });
        roll.hire(&tribe.name, 0, &tribe.city, "Tribe lead");
        for squad in &tribe.squads {
            let city = squad.city.as_ref().unwrap_or(&tribe.city);
            groups.push(Group {
                name: squad.name.clone(),
                title: squad.title.clone().unwrap_or_else(|| names::title(&squad.name)),
                kind: GroupKind::Squad,
                parent: Some(tribe.name.clone()),
                about: squad.about.clone(),
                city: city.clone(),
            });
            (0..squad.size)
                .for_each(|seat| roll.hire(&squad.name, seat, city, role(&tribe.name, seat)));
        }
    }
    let mut people = roll.people;
    lend(&mut people, &groups);
    (groups, people)
}

fn role(tribe: &str, seat: usize) -> &'static str {
    match (tribe, seat) {
        (_, 0) => "Squad lead",
        ("channels", 2) => "Designer",
        ("platform", 1) | (_, 3) => "Staff engineer",
        (_, 1) => "Product owner",
        (_, 2) => "Senior engineer",
        (_, 4) => "Quality engineer",
        _ => "Engineer",
    }
}

/// Which of the name lists is at home in `city`.
fn home(city: &str) -> usize {
    match city {
        "Stockholm" | "Gothenburg" => 1,
        "Oslo" => 2,
        "Helsinki" => 3,
        _ => 0,
    }
}

/// A few engineers help a second squad of their tribe.
fn lend(people: &mut [Person], groups: &[Group]) {
    let squad = |name: &str| groups.iter().find(|group| group.name == name);
    for person in people.iter_mut().filter(|person| person.role == "Staff engineer") {
        let mut random = Random::of(&format!("lend/{}", person.login));
        let Some(own) = person.member_of.first().and_then(|name| squad(name)) else { continue };
        let others: Vec<&str> = groups
            .iter()
            .filter(|group| group.parent == own.parent && group.name != own.name)
            .map(|group| group.name.as_str())
            .collect();
        if random.happens(40) {
            person.member_of.extend(random.pick(&others).map(str::to_owned));
        }
    }
}

/// Everybody hired so far; no two have the same login.
struct Roll<'a> {
    names: &'a [NameWords],
    taken: BTreeSet<String>,
    people: Vec<Person>,
}

impl<'a> Roll<'a> {
    fn new(names: &'a [NameWords]) -> Self {
        Self { names, taken: BTreeSet::new(), people: Vec::new() }
    }

    fn appoint(&mut self, leader: &LeaderWords, company: &str) {
        let login = names::login(&leader.first, &leader.last);
        self.taken.insert(login.clone());
        self.people.push(Person {
            login,
            name: format!("{} {}", leader.first, leader.last),
            role: leader.role.clone(),
            city: leader.city.clone(),
            member_of: vec![company.to_owned()],
        });
    }

    fn hire(&mut self, group: &str, seat: usize, city: &str, role: &str) {
        let mut random = Random::of(&format!("hire/{group}/{seat}"));
        // Each try draws another name; the lists allow some 2,500.
        for _ in 0..100 {
            let Some((first, last)) = self.draw(&mut random, city) else { return };
            let login = names::login(first, last);
            let name = format!("{first} {last}");
            if self.taken.insert(login.clone()) {
                let member_of = vec![group.to_owned()];
                let (role, city) = (role.to_owned(), city.to_owned());
                self.people.push(Person { login, name, role, city, member_of });
                return;
            }
        }
    }

    fn draw(&self, random: &mut Random, city: &str) -> Option<(&'a str, &'a str)> {
        let all: Vec<&NameWords> = self.names.iter().collect();
        let local = self.names.get(home(city))?;
        let names = if random.happens(70) { local } else { random.pick(&all)? };
        let list = |words: &'a [String]| words.iter().map(String::as_str).collect::<Vec<_>>();
        Some((random.pick(&list(&names.first))?, random.pick(&list(&names.last))?))
    }
}
