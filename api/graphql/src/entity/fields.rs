//! The fields that every entity has.

use async_graphql::{ID, Object};
use callboard_model::annotation::{EDIT_URL, ORPHAN, SOURCE_LOCATION, VIEW_URL};

use super::{
    EntityNode,
    document::{Part, parsed, text_fields},
    relation::Relation,
    types::{Entity, Owner},
    value::{Annotation, EntityProblem, Label, Link, is_safe_link, is_web_url, problems},
};
use crate::{
    error::FieldError,
    estate::placement_problems,
    node_id,
    scalar::{EntityRefScalar, JsonObject},
};

/// The fields of the interface `Entity`.
pub(crate) struct EntityFields<'a>(pub(crate) &'a EntityNode);

impl EntityFields<'_> {
    fn annotation_text(&self, key: &str) -> Option<String> {
        let annotations = self.0.metadata_field("annotations")?;
        parsed(super::document::field(annotations, key)?)
    }
}

/// The fields that every entity has.
#[Object]
impl EntityFields<'_> {
    /// The global id, for `node`. Opaque.
    async fn id(&self) -> ID {
        node_id::of_entity(self.0.entity_ref())
    }

    /// The ref, by which other entities refer to this one.
    async fn r#ref(&self) -> EntityRefScalar {
        EntityRefScalar(self.0.entity_ref().clone())
    }

    /// `metadata.uid`: a UUID that another entity of the same ref would not have.
    async fn uid(&self) -> String {
        self.0.entity().uid.as_ref().to_owned()
    }

    /// The version of the kind, such as `backstage.io/v1alpha1`.
    async fn api_version(&self) -> String {
        self.0.head_text(Part::ApiVersion).unwrap_or_default()
    }

    /// The kind, in the case of the descriptor.
    async fn kind(&self) -> String {
        let kind = self.0.head_text(Part::Kind);
        kind.unwrap_or_else(|| self.0.entity_ref().kind().to_owned())
    }

    /// The namespace, in lower case; `default` where the descriptor gives none.
    async fn namespace(&self) -> String {
        self.0.entity_ref().namespace().to_owned()
    }

    /// The name, in the case of the descriptor.
    async fn name(&self) -> String {
        let name = self.0.head_text(Part::Name);
        name.unwrap_or_else(|| self.0.entity_ref().name().to_owned())
    }

    /// The title for people, if the descriptor gives one.
    async fn title(&self) -> Option<String> {
        self.0.head_text(Part::Title)
    }

    /// What it is, in a sentence or two.
    async fn description(&self) -> Result<Option<String>, FieldError> {
        let description: Option<String> = self.0.metadata_field("description").and_then(parsed);
        self.0.scope().charge_bytes(description.as_ref().map_or(0, String::len))?;
        Ok(description)
    }

    /// Its labels, in the order of the descriptor.
    async fn labels(&self) -> Vec<Label> {
        let labels = self.0.metadata_field("labels").map(text_fields).unwrap_or_default();
        labels.into_iter().map(|(key, value)| Label { key, value }).collect()
    }

    /// Its annotations, those of the catalog among them, in the order of the descriptor.
    async fn annotations(&self) -> Result<Vec<Annotation>, FieldError> {
        let annotations = self.0.metadata_field("annotations").unwrap_or(b"{}");
        self.0.scope().charge_bytes(annotations.len())?;
        let annotations = text_fields(annotations).into_iter();
        Ok(annotations.map(|(key, value)| Annotation { key, value }).collect())
    }

    /// The value of one annotation; null if it has none of this key.
    async fn annotation(
        &self,
        #[graphql(desc = "The key, such as `backstage.io/source-location`.")] key: String,
    ) -> Option<String> {
        self.annotation_text(&key)
    }

    /// Its tags, in the order of the descriptor.
    async fn tags(&self) -> Vec<String> {
        self.0.metadata_field("tags").and_then(parsed).unwrap_or_default()
    }

    /// The links of its descriptor that are safe to be followed.
    async fn links(&self) -> Vec<Link> {
        let links: Vec<Link> = self.0.metadata_field("links").and_then(parsed).unwrap_or_default();
        links.into_iter().filter(|link| is_safe_link(&link.url)).collect()
    }

    /// The first of its owners.
    async fn owner(&self) -> Result<Option<Owner>, FieldError> {
        Ok(self.0.owner()?.map(Owner))
    }

    /// The groups and users that answer for it, ordered by ref.
    async fn owners(&self) -> Result<Vec<Owner>, FieldError> {
        Ok(self.0.owners()?.into_iter().map(Owner).collect())
    }

    /// Its relations, ordered by type and target. Those to entities that exist and that you may
    /// not read are left out.
    async fn relations(
        &self,
        #[graphql(desc = "Only relations of this type, such as `dependsOn`.")] r#type: Option<
            String,
        >,
    ) -> Result<Vec<Relation>, FieldError> {
        let relations = self.0.scope().reader()?.relations(self.0.entity());
        let relations: Vec<_> = relations
            .into_iter()
            .filter(|relation| r#type.as_ref().is_none_or(|kind| **kind == *relation.kind))
            .map(|relation| Relation {
                source: self.0.clone(),
                kind: relation.kind.as_ref().to_owned(),
                target: relation.target.clone(),
            })
            .collect();
        self.0.scope().charge_objects(relations.len())?;
        Ok(relations)
    }

    /// What is wrong with it: errors of its last processing and of its descriptor, and what keeps
    /// it from being found where it runs.
    async fn problems(&self) -> Result<Vec<EntityProblem>, FieldError> {
        let mut problems = problems(&self.0.entity().json);
        problems.extend(placement_problems(self.0)?);
        Ok(problems)
    }

    /// Whether nothing refers to it any more, so that it may be deleted.
    async fn is_orphan(&self) -> bool {
        self.annotation_text(ORPHAN).as_deref() == Some("true")
    }

    /// Where its descriptor can be looked at, if that is on the web.
    async fn view_url(&self) -> Option<String> {
        self.annotation_text(VIEW_URL).filter(|url| is_web_url(url))
    }

    /// Where its descriptor can be edited, if that is on the web.
    async fn edit_url(&self) -> Option<String> {
        self.annotation_text(EDIT_URL).filter(|url| is_web_url(url))
    }

    /// Where its sources are, if they are on the web.
    async fn source_url(&self) -> Option<String> {
        let location = self.annotation_text(SOURCE_LOCATION)?;
        location.strip_prefix("url:").filter(|url| is_web_url(url)).map(str::to_owned)
    }

    /// The Locations that emit it, as far as you may read them.
    async fn emitted_by(&self) -> Result<Vec<Entity>, FieldError> {
        let mut parents = Vec::new();
        for parent in self.0.entity().parents.iter() {
            parents.extend(self.0.scope().entity(parent)?.map(Entity));
        }
        Ok(parents)
    }

    /// The whole entity as Backstage's catalog API answers it.
    async fn raw(&self) -> Result<JsonObject, FieldError> {
        let json = self.0.scope().reader()?.json(self.0.entity());
        self.0.scope().charge_bytes(json.len())?;
        Ok(JsonObject(json))
    }
}
