"""The joint loss: prototypes, pairs across domains, what the pretrained model saw, and the rest."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import cosine_similarity, softmax

from opensearch.losses.contrast import CrossDomainContrast
from opensearch.losses.distillation import Distillation, category_means
from opensearch.losses.prototype import PrototypeLoss
from opensearch.methods.joint.batches import Batch, Batches
from opensearch.methods.joint.data import JointData
from opensearch.methods.joint.networks import JointModel
from opensearch.methods.joint.settings import JointSettings


class JointLosses:
    """Losses of batches drawn from `data`.

    Args:
        classifier: that was cut off the frozen backbone.
        device: that batches lie on.
        pictures_alone: drawings and shapes are held to their category's pictures or to nothing,
            not to what the classifier says of them.

    Attributes:
        distil: holds the copy of the classifier that learns along.
    """

    def __init__(
        self,
        data: JointData,
        classifier: nn.Linear,
        settings: JointSettings,
        device: torch.device,
        pictures_alone: bool = False,
    ) -> None:
        self._settings = settings
        self._pictures_alone = pictures_alone or settings.pictures_alone
        prototypes = torch.from_numpy(data.prototypes)
        self._prototype = PrototypeLoss(prototypes, settings.temperature).to(device)
        self._contrast = CrossDomainContrast(settings.contrast_temperature)
        self._frozen = classifier.requires_grad_(requires_grad=False).to(device)
        twin = nn.Linear(classifier.in_features, classifier.out_features)
        twin.load_state_dict(classifier.state_dict())
        self.distil = Distillation(twin).to(device)
        self._means = self._photo_means(data) if settings.distil else torch.zeros(0)

    def of_model(
        self, model: JointModel, batch: Batch, batches: Batches, units: Tensor, features: Tensor
    ) -> tuple[Tensor, float]:
        """All losses of a batch that the settings ask for, summed, and the share right.

        Args:
            batches: what the batch was drawn by.
            units: the model's embeddings of its views, shape (n, d).
            features: of the learning backbone, shape (n, f).
        """
        settings = self._settings
        loss, accuracy = self.of_categories(units, batch.labels, batches.domains)
        if model.upright is not None:
            loss = loss + settings.upright_weight * model.upright.loss(features, batch.upright)
        if settings.distil:
            seen = torch.cat(batch.teacher_features())
            loss = loss + self.of_teacher(features, seen, batch.labels, batches.image)
        if settings.hold:
            loss = loss + self.of_start(features, torch.cat(batch.features()), batches.held)
        if settings.instances:
            loss = loss + self.of_instances(units, batch.instances, batches.domains)
        return loss, accuracy

    def of_categories(self, units: Tensor, labels: Tensor, domains: Tensor) -> tuple[Tensor, float]:
        """Mean loss of unit embeddings (n, d) towards their categories, and the share right.

        Args:
            labels: rows of the prototypes, shape (n,).
            domains: numbers of the items' domains, shape (n,).
        """
        loss = self._prototype(units, labels)
        if self._settings.contrast:
            loss = loss + self._settings.contrast * self._contrast(units, labels, domains)
        return loss, self._prototype.accuracy(units.detach(), labels)

    def of_teacher(self, features: Tensor, seen: Tensor, labels: Tensor, image: Tensor) -> Tensor:
        """How far a batch is from what the frozen classifier says, weighted.

        Args:
            features: of the learning backbone, shape (n, f).
            seen: the teacher's features of the same views, shape (n, f).
            labels: shape (n,).
            image: shape (n,), whether an item is a picture, which is held to its own
                distribution; others are held to the mean of their category's pictures.
        """
        means = self._means[labels]
        borrowed = ~image & (means.sum(dim=1) > 0)
        own = self._distribution(seen)
        if self._pictures_alone:
            own = own * image[:, None]  # a target of zeros adds nothing to the divergence
        targets = torch.where(borrowed[:, None], means, own)
        loss: Tensor = self.distil(features, targets)
        return self._settings.distil * loss

    def of_start(self, features: Tensor, before: Tensor, held: Tensor) -> Tensor:
        """How far the features of some views have gone from the start's, weighted.

        Args:
            features: of the learning backbone, shape (n, f).
            before: of the backbone that learning started from, shape (n, f).
            held: shape (n,), which views count.
        """
        cosines = cosine_similarity(features[held], before[held], dim=1)
        loss: Tensor = (1 - cosines).sum() / held.sum().clamp(min=1)
        return self._settings.hold * loss

    def of_instances(self, units: Tensor, instances: Tensor, domains: Tensor) -> Tensor:
        """Contrast whose pairs are one item shown in two domains, weighted.

        Args:
            units: unit embeddings, shape (n, d).
            instances: numbers of the items, shape (n,).
            domains: numbers of the domains that they are shown in, shape (n,).
        """
        loss: Tensor = self._contrast(units, instances, domains)
        return self._settings.instances * loss

    def _photo_means(self, data: JointData) -> Tensor:
        rows = [torch.zeros(0, self._frozen.out_features)]
        labels = [torch.zeros(0, dtype=torch.int64)]
        photos = self._settings.photos or list(data.looks)
        for name, pool in data.teacher_features.items():
            if data.looks[name] == "image" and name in photos:
                for part in pool.parts:
                    every = part.rows.take(range(len(part.labels)))[:, 0]
                    rows.append(self._distribution(torch.from_numpy(every)).cpu())
                    labels.append(torch.from_numpy(part.labels))
        means = category_means(torch.cat(rows), torch.cat(labels), len(data.prototypes))
        return means.to(self._frozen.weight.device)

    @torch.no_grad()
    def _distribution(self, features: Tensor) -> Tensor:
        return softmax(self._frozen(features.to(self._frozen.weight.device).float()), dim=1)
