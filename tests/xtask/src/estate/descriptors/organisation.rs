//! The company, its tribes, its squads and the people in them.

use super::{Descriptors, entity, link};
use crate::estate::model::{Estate, Group, GroupKind, Person};
use crate::estate::yaml::Yaml;

/// Adds `org/company.yaml`, `org/<tribe>/tribe.yaml` and `org/<tribe>/<squad>.yaml`.
pub(super) fn add(all: &mut Descriptors, estate: &Estate) {
    for one in &estate.groups {
        let tribe = one.parent.as_deref().unwrap_or_default();
        let path = match one.kind {
            GroupKind::Company => "org/company.yaml".to_owned(),
            GroupKind::Tribe => format!("org/{}/tribe.yaml", one.name),
            GroupKind::Squad => format!("org/{tribe}/{}.yaml", one.name),
        };
        all.put(&path, group(one, &estate.groups));
        let members =
            estate.people.iter().filter(|person| person.member_of.first() == Some(&one.name));
        members.for_each(|person| all.put(&path, user(person)));
    }
}

fn group(group: &Group, groups: &[Group]) -> Yaml {
    let children: Vec<&String> = groups
        .iter()
        .filter(|other| other.parent.as_ref() == Some(&group.name))
        .map(|other| &other.name)
        .collect();
    let chat = format!("https://chat.vinterhavn.example/channels/{}", group.name);
    let mut metadata = Yaml::map()
        .with("name", &group.name)
        .with("description", &group.about)
        .with("labels", Yaml::map().with("vinterhavn.example/city", &group.city));
    if group.kind == GroupKind::Squad {
        let slug = format!("vinterhavn-bank/{}", group.name);
        metadata = metadata
            .with("annotations", Yaml::map().with("github.com/team-slug", slug))
            .with("links", Yaml::List(vec![link(chat, "Chat", "chat")]));
    }
    let profile = Yaml::map()
        .with("displayName", &group.title)
        .with("email", format!("{}@vinterhavn.example", group.name));
    let spec = Yaml::map()
        .with("type", group.kind.word())
        .with("profile", profile)
        .with_any("parent", group.parent.as_deref().unwrap_or_default())
        .with("children", children);
    entity("Group", metadata, spec)
}

fn user(person: &Person) -> Yaml {
    let login = &person.login;
    let metadata = Yaml::map()
        .with("name", login)
        .with("description", format!("{}, {}", person.role, person.city))
        .with("annotations", Yaml::map().with("github.com/user-login", login.replace('.', "-")));
    let profile = Yaml::map()
        .with("displayName", &person.name)
        .with("email", format!("{login}@vinterhavn.example"));
    let spec = Yaml::map().with("profile", profile).with("memberOf", person.member_of.clone());
    entity("User", metadata, spec)
}
