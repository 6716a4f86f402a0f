#!/usr/bin/python3
"""read_report.py FILE.json|FILE.xml - every value of a report, as Python's own readers find it, on a
line: where it stands, and the value as JSON. What has a name stands under its name."""
import json
import sys
import xml.etree.ElementTree as xml


def tell(place, value):
    if isinstance(value, dict):
        for key, inner in value.items():
            tell('%s/%s' % (place, key), inner)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            named = isinstance(inner, dict)
            name = inner.get('name') or inner.get('network') or inner.get('id') if named else i
            tell('%s/%s' % (place, name), inner)
    else:
        print('%s %s' % (place, json.dumps(value)))


def tell_element(place, element):
    own = [element.get('classname'), element.get('name')]
    place += '/' + ('.'.join(filter(None, own)) or element.tag)
    tell(place, dict(element.attrib))
    for inner in element:
        tell_element(place, inner)


path = sys.argv[1]
if path.endswith('.json'):
    with open(path, encoding='utf-8') as f:
        tell('', json.load(f))
else:
    tell_element('', xml.parse(path).getroot())
