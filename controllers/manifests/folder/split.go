package folder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	yamlv2 "go.yaml.in/yaml/v2"
	"sigs.k8s.io/yaml"
)

// document is one of the documents of a file.
type document struct {
	file   string
	number int // from 1; empty documents don't count
	line   int // of the file, with which text begins
	text   []byte
	isJSON bool
}

// split cuts a file into its documents, leaving out empty ones.
func split(file string, data []byte) []document {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if docs, ok := splitJSON(file, data); ok {
		return docs
	}
	var docs []document
	var text []byte
	begin, line := 1, 0
	finish := func() {
		if !blank(text) {
			docs = append(docs, document{file: file, number: len(docs) + 1, line: begin, text: text})
		}
		text, begin = nil, line
	}
	for l := range bytes.Lines(data) {
		line++
		switch {
		case isMarker(l, "---"):
			finish()
		case isMarker(l, "..."):
			finish()
			begin = line + 1
			continue
		}
		text = append(text, l...)
	}
	finish()
	return docs
}

// splitJSON is for files that hold nothing but JSON objects; YAML would take offence at tabs in them.
func splitJSON(file string, data []byte) (docs []document, ok bool) {
	if !bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		var raw json.RawMessage
		if err := d.Decode(&raw); errors.Is(err, io.EOF) {
			return docs, true
		} else if err != nil {
			return nil, false
		}
		begin := int(d.InputOffset()) - len(raw)
		docs = append(docs, document{file: file, number: len(docs) + 1, line: 1 + bytes.Count(data[:begin], []byte("\n")), text: raw, isJSON: true})
	}
}

// isMarker tells whether the line begins or ends a document.
func isMarker(line []byte, marker string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(marker))
	return ok && (len(rest) == 0 || bytes.ContainsAny(rest[:1], " \t\r\n"))
}

// blank tells whether a document holds nothing: comments, markers and directives only.
func blank(text []byte) bool {
	for l := range bytes.Lines(text) {
		if significant(l) {
			return false
		}
	}
	return true
}

// significant tells whether a line says something.
func significant(line []byte) bool {
	if rest, ok := bytes.CutPrefix(line, []byte("---")); ok && isMarker(line, "---") {
		line = rest
	}
	line = bytes.TrimSpace(line)
	return len(line) > 0 && line[0] != '#' && line[0] != '%'
}

// issue is what is wrong with a document.
type issue struct {
	line int    // of the file; 0: that of the field
	path string // of the field; "": none
	text string
}

// toJSON turns a document into JSON.
func (d document) toJSON() ([]byte, []issue) {
	if d.isJSON {
		return d.text, nil
	}
	if out, err := parse(d.text); err == nil {
		return out, nil
	}
	// Once more with as many lines before it as the file has, for the sake of the lines in the error.
	_, err := parse(append(bytes.Repeat([]byte("\n"), d.line-1), d.text...))
	return nil, yamlIssues(d.line+locate(d.text, ""), fmt.Sprint(err))
}

// parse refuses what stands behind a value in braces, which the YAML parser would pass over.
func parse(text []byte) ([]byte, error) {
	out, err := yaml.YAMLToJSONStrict(text)
	if err != nil || !bytes.Contains(text, []byte("{")) {
		return out, err
	}
	d := yamlv2.NewDecoder(bytes.NewReader(text))
	var first, second any
	if err := d.Decode(&first); err != nil {
		return nil, err
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, errors.Join(err, errors.New("something stands behind the object; begin the next document with ---"))
	}
	return out, nil
}

var (
	yamlProblem   = regexp.MustCompile(`line (\d+): (.*)`)
	yamlDuplicate = regexp.MustCompile(`^key (".*") already set in map$`)
)

// yamlIssues reads an error of the YAML parser, which may list several problems.
func yamlIssues(begin int, text string) []issue {
	var list []issue
	for _, m := range yamlProblem.FindAllStringSubmatch(text, maxIssues) {
		line, _ := strconv.Atoi(m[1])
		list = append(list, issue{line: line, text: yamlDuplicate.ReplaceAllString(m[2], "the field $1 is repeated")})
	}
	if len(list) == 0 {
		list = []issue{{line: begin, text: strings.TrimPrefix(text, "yaml: ")}}
	}
	return list
}
