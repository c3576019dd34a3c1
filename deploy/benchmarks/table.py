"""Plain tables for people."""

import statistics


def median(values):
    return statistics.median(values)


def show(title, header, rows):
    print(f"\n{title}")
    cells = [header] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    for row in cells:
        print("  " + "  ".join(cell.ljust(width) if index == 0 else cell.rjust(width)
                               for index, (cell, width) in enumerate(zip(row, widths))))
