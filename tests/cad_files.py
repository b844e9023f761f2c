"""Boxes of 10 x 20 x 30 in kinds of 3D files that extras read, written by hand."""

import itertools
import struct

import numpy as np

SIZE = (10.0, 20.0, 30.0)
CORNERS = [tuple(np.multiply(c, SIZE).tolist()) for c in itertools.product((0, 1), repeat=3)]
SIDES = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]


def step_box():
    """A solid in millimetres (ISO 10303-21, AP214): six planes bounded by lines."""
    lines = []

    def add(text):
        lines.append(f"#{len(lines) + 1}={text};")
        return f"#{len(lines)}"

    def point(place):
        return add(f"CARTESIAN_POINT('',({','.join(map(repr, place))}))")

    def direction(way):
        return add(f"DIRECTION('',({','.join(map(repr, (way / np.linalg.norm(way)).tolist()))}))")

    app = add("APPLICATION_CONTEXT('automotive design')")
    within = add(f"PRODUCT_CONTEXT('',{app},'mechanical')")
    product = add(f"PRODUCT('box','box','',({within}))")
    formed = add(f"PRODUCT_DEFINITION_FORMATION('','',{product})")
    context = add(f"PRODUCT_DEFINITION_CONTEXT('part definition',{app},'design')")
    defined = add(f"PRODUCT_DEFINITION('design','',{formed},{context})")
    shape = add(f"PRODUCT_DEFINITION_SHAPE('','',{defined})")
    length = add("(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.))")
    angle = add("(NAMED_UNIT(*)PLANE_ANGLE_UNIT()SI_UNIT($,.RADIAN.))")
    solid = add("(NAMED_UNIT(*)SI_UNIT($,.STERADIAN.)SOLID_ANGLE_UNIT())")
    near = add(f"UNCERTAINTY_MEASURE_WITH_UNIT(LENGTH_MEASURE(1.E-7),{length},'','')")
    units = add(
        "(GEOMETRIC_REPRESENTATION_CONTEXT(3)"
        f"GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT(({near}))"
        f"GLOBAL_UNIT_ASSIGNED_CONTEXT(({length},{angle},{solid}))REPRESENTATION_CONTEXT('',''))"
    )
    corners = [add(f"VERTEX_POINT('',{point(place)})") for place in CORNERS]
    edges = {}
    faces = []
    for side in SIDES:
        loop = []
        for a, b in zip(side, side[1:] + side[:1], strict=True):
            if (min(a, b), max(a, b)) not in edges:
                low, high = min(a, b), max(a, b)
                way = np.subtract(CORNERS[high], CORNERS[low])
                vector = add(f"VECTOR('',{direction(way)},1.)")
                line = add(f"LINE('',{point(CORNERS[low])},{vector})")
                edges[low, high] = add(f"EDGE_CURVE('',{corners[low]},{corners[high]},{line},.T.)")
            same = ".T." if a < b else ".F."
            loop.append(add(f"ORIENTED_EDGE('',*,*,{edges[min(a, b), max(a, b)]},{same})"))
        first, second, third = (np.array(CORNERS[k]) for k in side[:3])
        normal = direction(np.cross(second - first, third - first))
        axes = f"{point(first.tolist())},{normal},{direction(second - first)}"
        placed = add(f"AXIS2_PLACEMENT_3D('',{axes})")
        plane = add(f"PLANE('',{placed})")
        around = add(f"EDGE_LOOP('',({','.join(loop)}))")
        bound = add(f"FACE_OUTER_BOUND('',{around},.T.)")
        faces.append(add(f"ADVANCED_FACE('',({bound}),{plane},.T.)"))
    shell = add(f"CLOSED_SHELL('',({','.join(faces)}))")
    brep = add(f"MANIFOLD_SOLID_BREP('',{shell})")
    drawn = add(f"ADVANCED_BREP_SHAPE_REPRESENTATION('',({brep}),{units})")
    add(f"SHAPE_DEFINITION_REPRESENTATION({shape},{drawn})")
    head = (
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
        "FILE_NAME('box','2000-01-01T00:00:00',(''),(''),'','','');\n"
        "FILE_SCHEMA(('AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }'));\nENDSEC;\nDATA;\n"
    )
    return (head + "\n".join(lines) + "\nENDSEC;\nEND-ISO-10303-21;\n").encode()


def usda_box():
    """A Z-up stage: a mesh of six quadrangles below a transform."""
    counts, corners = [4] * 6, [k for side in SIDES for k in side]
    return f"""#usda 1.0
(
    upAxis = "Z"
)
def Xform "Root"
{{
    double3 xformOp:translate = (100, 0, 0)
    uniform token[] xformOpOrder = ["xformOp:translate"]
    def Mesh "Box"
    {{
        int[] faceVertexCounts = {counts}
        int[] faceVertexIndices = {corners}
        point3f[] points = [{", ".join(map(str, CORNERS))}]
    }}
    def Mesh "Hidden"
    {{
        token visibility = "invisible"
        int[] faceVertexCounts = [3]
        int[] faceVertexIndices = [0, 1, 2]
        point3f[] points = [(900, 0, 0), (901, 0, 0), (900, 1, 0)]
    }}
}}
""".encode()


def dae_box(up="Y_UP", extra="", lines=""):
    """A Collada file of quadrangles, and lines if any, below a node that is moved."""
    places = " ".join(str(value) for corner in CORNERS for value in corner)
    corners = " ".join(str(k) for side in SIDES for k in side)
    return f"""<?xml version="1.0"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<asset><unit name="meter" meter="1"/><up_axis>{up}</up_axis></asset>
<library_geometries><geometry id="box"><mesh>
<source id="p"><float_array id="a" count="24">{places}</float_array>
<technique_common><accessor source="#a" count="8" stride="3"><param name="X" type="float"/>
<param name="Y" type="float"/><param name="Z" type="float"/></accessor></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<polylist count="6"><input semantic="VERTEX" source="#v" offset="0"/>
<vcount>4 4 4 4 4 4</vcount><p>{corners}</p></polylist>
{lines}</mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="s"><node><translate>100 0 0</translate>
<instance_geometry url="#box"/>{extra}</node></visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#s"/></scene></COLLADA>""".encode()


def dae_skin(joint="hip", tool="Maya", moves="<scale>2 2 2</scale>"):
    """The box of `dae_box`, 1 along x from the joint that it is bound to, which `moves` moves."""
    controllers = f"""<library_controllers><controller id="m"><morph source="#box"/></controller>
<controller id="c"><skin source="#m">
<bind_shape_matrix>1 0 0 1  0 1 0 0  0 0 1 0  0 0 0 1</bind_shape_matrix>
<source id="j"><Name_array id="ja" count="2">{joint} knee</Name_array></source>
<source id="i"><float_array id="ia" count="32">1 0 0 0  0 1 0 -5  0 0 1 0  0 0 0 1
9 9 9 9  9 9 9 9  9 9 9 9  9 9 9 9</float_array></source>
<joints><input semantic="JOINT" source="#j"/><input semantic="INV_BIND_MATRIX" source="#i"/>
</joints></skin></controller></library_controllers><library_visual"""
    bones = f"""<visual_scene id="s"><node>{moves}<node id="b" sid="hip" type="JOINT">
<matrix>1 0 0 0  0 1 0 5  0 0 1 0  0 0 0 1</matrix></node></node>"""
    bound = b'<instance_controller url="#c"><skeleton>#b</skeleton></instance_controller>'
    named = f"<asset><contributor><authoring_tool>{tool}</authoring_tool></contributor>"
    return (
        dae_box()
        .replace(b"<asset>", named.encode())
        .replace(b"<library_visual", controllers.encode())
        .replace(b'<visual_scene id="s">', bones.encode())
        .replace(b'<instance_geometry url="#box"/>', bound)
    )


def tds_box(*materials):
    """A 3DS file: chunks of a number, a length and what they hold; materials by their names."""

    def chunk(number, data):
        return struct.pack("<HI", number, 6 + len(data)) + data

    halves = [face for a, b, c, d in SIDES for face in ((a, b, c), (a, c, d))]
    points = struct.pack("<H", 8) + np.array(CORNERS, "<f4").tobytes()
    faces = struct.pack("<H", 12) + b"".join(struct.pack("<4H", *face, 7) for face in halves)
    named = b"".join(chunk(0xAFFF, chunk(0xA000, name + b"\0")) for name in materials)
    used = b"".join(
        chunk(0x4130, name + b"\0" + struct.pack("<HH", 1, at)) for at, name in enumerate(materials)
    )
    mesh = chunk(0x4100, chunk(0x4110, points) + chunk(0x4120, faces + used))
    return chunk(0x4D4D, chunk(0x3D3D, named + chunk(0x4000, b"box\0" + mesh)))


def fbx_box():
    """An FBX file as text: one geometry, one model that is moved."""
    places = ",".join(str(value) for corner in CORNERS for value in corner)
    corners = ",".join(str(k if at < 3 else -k - 1) for side in SIDES for at, k in enumerate(side))
    return f"""; FBX 7.4.0 project file
FBXHeaderExtension:  {{
	FBXHeaderVersion: 1003
	FBXVersion: 7400
}}
Definitions:  {{
	Version: 100
	Count: 2
}}
Objects:  {{
	Geometry: 1001, "Geometry::box", "Mesh" {{
		Vertices: *24 {{
			a: {places}
		}}
		PolygonVertexIndex: *24 {{
			a: {corners}
		}}
		GeometryVersion: 124
	}}
	Model: 1002, "Model::box", "Mesh" {{
		Version: 232
		Properties70:  {{
			P: "Lcl Translation", "Lcl Translation", "", "A",100,0,0
		}}
	}}
}}
Connections:  {{
	C: "OO",1002,0
	C: "OO",1001,1002
}}
""".encode()


def iges_sheet():
    """An IGES 5.3 file of a flat sheet of 10 x 20 mm: ruled between two lines."""
    entities = [(110, "110,0.,0.,0.,10.,0.,0.;", 1), (110, "110,0.,20.,0.,10.,20.,0.;", 1)]
    entities.append((118, "118,1,3,0,0;", 0))
    head = "1H,,1H;,3Hbox,3Hbox,1H ,1H ,32,38,6,308,15,3Hbox,1.,2,2HMM,1,1.,"
    head += "15H20000101.000000,1.E-6,100.,1H ,1H ,11,0,15H20000101.000000;"
    rows = {"S": ["a sheet"], "G": [head[:72], head[72:]], "D": [], "P": []}
    for number, (kind, data, used) in enumerate(entities):
        at = 2 * number + 1
        fields = [kind, number + 1, 0, 0, 0, 0, 0, 0, f"000{used}0000"]
        rows["D"].append("".join(f"{field:>8}" for field in fields))
        rows["D"].append("".join(f"{field:>8}" for field in [kind, 0, 0, 1, 0, "", "", "", 0]))
        rows["P"].append(f"{data:<64}{at:>8}")
    lines = [f"{row:<72}{name}{k:>7}" for name in "SGDP" for k, row in enumerate(rows[name], 1)]
    counts = "".join(f"{name}{len(rows[name]):>7}" for name in "SGDP")
    return "\n".join([*lines, f"{counts:<72}T{1:>7}", ""]).encode()
