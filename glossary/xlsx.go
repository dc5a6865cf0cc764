package glossary

import (
	"archive/zip"
	"bytes"
	"io"

	"github.com/xuri/excelize/v2"
)

// Bounds on a workbook: what it unpacks to, its parts and its rows.
const (
	mostUnpacked = 64 << 20
	mostParts    = 500
	mostRows     = 100_000
)

// xlsx reads the first sheet of a workbook.
func (in *reading) xlsx(data []byte) {
	if code := unpacks(data); code != "" {
		in.fault(Fault{Code: code})
		return
	}
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true, UnzipSizeLimit: mostUnpacked, UnzipXMLSizeLimit: mostUnpacked})
	if err != nil {
		in.fault(Fault{Code: "workbook", What: err.Error()})
		return
	}
	defer f.Close() //nolint:errcheck // nothing was written
	sheets := f.GetSheetList()
	if len(sheets) == 0 {
		in.fault(Fault{Code: "empty"})
		return
	}
	rows, err := f.Rows(sheets[0])
	if err != nil {
		in.fault(Fault{Code: "workbook", What: err.Error()})
		return
	}
	defer rows.Close() //nolint:errcheck // the same
	t := table{in: in}
	for line := 1; rows.Next(); line++ {
		if line > mostRows {
			in.fault(Fault{Line: line, Code: "rows", What: count(mostRows)})
			break
		}
		cells, err := rows.Columns()
		if err != nil {
			in.fault(Fault{Line: line, Code: "workbook", What: err.Error()})
			continue
		}
		t.row(line, cells)
	}
	if err := rows.Error(); err != nil {
		in.fault(Fault{Code: "workbook", What: err.Error()})
	}
	t.done()
}

// unpacks tells what is wrong with an archive, before anything keeps what is in
// it: sizes that it claims are not believed, every part is unpacked and counted.
func unpacks(data []byte) string {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return "zip"
	}
	if len(z.File) > mostParts {
		return "bomb"
	}
	left := int64(mostUnpacked)
	for _, part := range z.File {
		r, err := part.Open()
		if err != nil {
			return "zip"
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r, left+1))
		_ = r.Close()
		if left -= n; left < 0 {
			return "bomb"
		}
		if err != nil {
			return "zip"
		}
	}
	return ""
}

func writeXLSX(w io.Writer, rows []row) error {
	f := excelize.NewFile()
	defer f.Close() //nolint:errcheck // it is in memory
	sheet := f.GetSheetName(0)
	s, err := f.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	for i, cells := range cellsOf(rows) {
		line := make([]any, len(cells))
		for k, c := range cells {
			if c != "" {
				line[k] = c
			}
		}
		at, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		if err := s.SetRow(at, line); err != nil {
			return err
		}
	}
	if err := s.Flush(); err != nil {
		return err
	}
	return f.Write(w)
}
