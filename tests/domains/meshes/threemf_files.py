"""3MF files made for tests."""

import io
import zipfile

from mesh_shapes import TETRAHEDRON, TETRAHEDRON_FACES

CORE = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02"
EXTENSIONS = {
    "p": "http://schemas.microsoft.com/3dmanufacturing/production/2015/06",
    "b": "http://schemas.microsoft.com/3dmanufacturing/beamlattice/2017/02",
    "s": "http://schemas.microsoft.com/3dmanufacturing/slice/2015/07",
    "x": "http://example.org/odd",
}
MOVED = "1 0 0 0 1 0 0 0 1 {} {} {}"


def mesh(scale=1.0, faces=TETRAHEDRON_FACES):
    points = "".join(f'<vertex x="{x}" y="{y}" z="{z}"/>' for x, y, z in TETRAHEDRON * scale)
    corners = "".join(f'<triangle v1="{a}" v2="{b}" v3="{c}"/>' for a, b, c in faces)
    return f"<mesh><vertices>{points}</vertices><triangles>{corners}</triangles></mesh>"


def model(resources, build="", attributes=""):
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in EXTENSIONS.items())
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><model unit="inch" xmlns="{CORE}" {spaces}'
        f" {attributes}><resources>{resources}</resources><build>{build}</build></model>"
    )


def package(parts, root="3D/3dmodel.model", kind="2013/01/3dmodel"):
    """A 3MF of parts by their names; `root` is where its relations lead, None for none."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        if root is not None:
            archive.writestr(
                "_rels/.rels",
                '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                '<Relationship Id="r1" Target="/Metadata/thumbnail.png" Type="http://thumbnail"/>'
                f'<Relationship Id="r0" Target="/{root}"'
                f' Type="http://schemas.microsoft.com/3dmanufacturing/{kind}"/></Relationships>',
            )
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def single(resources, build="", attributes="", **options):
    return package({"3D/3dmodel.model": model(resources, build, attributes)}, **options)


def thing(number, content):
    return f'<object id="{number}" type="model">{content}</object>'


def item(number, place=(0, 0, 0), more=""):
    return f'<item objectid="{number}" transform="{MOVED.format(*place)}" {more}/>'


def component(number, place=(0, 0, 0), more=""):
    return f'<component objectid="{number}" transform="{MOVED.format(*place)}" {more}/>'
