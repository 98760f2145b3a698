#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.yaml, held against the product.

openapi.py FILE routes            prints "METHOD path" for each operation
openapi.py FILE described         prints "METHOD path STATUS" for each answer that is described
openapi.py FILE unmet JSONL...    prints the same for those of them that no recorded answer is of
openapi.py FILE answers JSONL...  checks the answers that UmApi.pm has recorded; prints each that the document does not
                                  describe, and how many were checked
"""
import json
import re
import sys
import urllib.parse

import jsonschema
import yaml

METHODS = ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')
# What any request may meet before its path's method counts: described for each operation, and meant for every method.
ANY_METHOD = ('400', '401', '403', '404', '405', '406', '503')


class Document:
    def __init__(self, file):
        with open(file, encoding='utf-8') as text:
            self.tree = yaml.safe_load(text)
        self.validators = {}
        self.paths = [(self.pattern(path), path, item) for path, item in self.tree['paths'].items()]

    @staticmethod
    def pattern(path):
        parts = re.split(r'\{[^}]*\}', path)
        return re.compile('[^/]+'.join(re.escape(part) for part in parts) + ('?' if path.endswith('/') else ''))

    def follow(self, node):
        while '$ref' in node:
            target = self.tree
            for step in node['$ref'].removeprefix('#/').split('/'):
                target = target[step.replace('~1', '/').replace('~0', '~')]
            node = target
        return node

    def operations(self):
        return [(method, path) for _, path, item in self.paths for method in METHODS if method.lower() in item]

    def find(self, path):
        """The item of a request's path, as the API reads it: unescaped, without empty and dot segments. A path with an
        encoded slash or NUL is none."""
        if re.search('%2f|%00', path.split('?')[0], re.IGNORECASE):
            return None, {}
        path = urllib.parse.unquote(path.split('?')[0].split('#')[0], errors='surrogateescape')
        kept = []
        for segment in path.split('/'):
            if segment == '..':
                kept[-1:] = []
            elif segment not in ('', '.'):
                kept.append(segment)
        path = '/' + '/'.join(kept) + ('/' if kept and path.endswith('/') else '')
        found = [(name, item) for pattern, name, item in self.paths if pattern.fullmatch(path)]
        return found[0] if found else (None, {})

    def fault_of(self, schema, value):
        """Why a value is not what a schema says, or nothing."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            whole = dict(schema, components=self.tree['components'])
            self.validators[key] = jsonschema.Draft202012Validator(whole)
        error = jsonschema.exceptions.best_match(self.validators[key].iter_errors(value))
        return error.message if error else None

    def described(self):
        """Method, path and status of each answer that is described."""
        return [(method, path, status) for _, path, item in self.paths for method in METHODS if method.lower() in item
                for status in item[method.lower()]['responses']]

    def response(self, method, item, status):
        """What describes a status of a method on a path; a method or path that is not described answers an error."""
        operation = item.get('get' if method == 'HEAD' else method.lower() if method in METHODS else None)
        if operation:
            return operation['responses'].get(status)
        if status not in ANY_METHOD:
            return None
        return self.tree['components']['responses']['NotFound']

    def fault(self, answer):
        status, method = str(answer['status']), answer['method']
        name, item = self.find(answer['path'])
        if method == 'OPTIONS' and status == '200':
            return None
        response = self.response(method, item, status)
        if response is None:
            return f'{status} is not described for {method} {name}'
        content = self.follow(response).get('content')
        if method == 'HEAD' or not answer['body']:
            return None if method == 'HEAD' or not content else f'{status} of {name} has no body'
        if not content or answer['type'] not in content:
            return f"{status} of {name} is not described as {answer['type']}"
        schema = content[answer['type']]['schema']
        fault = self.fault_of(schema, json.loads(answer['body']) if 'json' in answer['type'] else answer['body'])
        return fault and f'{status} of {name}: {fault}'


def check(document, files):
    count, faults = 0, {}
    for file in files:
        with open(file, encoding='utf-8') as lines:
            for line in lines:
                answer = json.loads(line)
                fault = document.fault(answer)
                count += 1
                if fault and fault not in faults:
                    faults[fault] = f"{answer['suite']}: {answer['method']} {answer['path'][:80]}: {fault[:300]}"
    for fault in faults.values():
        print(fault)
    print(f'{count} checked')


def unmet(document, files):
    met = set()
    for file in files:
        with open(file, encoding='utf-8') as lines:
            for line in lines:
                answer = json.loads(line)
                method = 'GET' if answer['method'] == 'HEAD' else answer['method']
                met.add((method, document.find(answer['path'])[0], str(answer['status'])))
    # 405 is the answer to a method that the path does not have.
    met |= {(method, path, '405') for _, path, status in met if status == '405' for method in METHODS}
    for answer in document.described():
        if answer not in met:
            print(*answer)


def main():
    document = Document(sys.argv[1])
    if sys.argv[2] == 'routes':
        for method, path in document.operations():
            print(method, path)
    elif sys.argv[2] == 'described':
        for answer in document.described():
            print(*answer)
    elif sys.argv[2] == 'unmet':
        unmet(document, sys.argv[3:])
    else:
        check(document, sys.argv[3:])


main()
