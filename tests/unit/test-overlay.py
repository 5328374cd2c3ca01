#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""
The overlays, applied to the trees of their boards as the firmware does it, property by property, and
read by the daemon's reader.

    test-overlay.py PRINT-DEVICETREE DATA PI4.DTBO PI5.DTBO

Needs dtc, fdtoverlay and fdtput. Where dtmerge is installed (raspberrypi/utils, what the firmware
does as a program), it must come to the same trees.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import fdt

PRINT, DATA = sys.argv[1:3]
EXAMPLE = os.path.join(DATA, '../../../dts-overlays/examples/pump-overlay.dts')
BOARDS = {
    'pi4': {
        'overlay': sys.argv[3],
        'uart': '/soc/serial@7e201a00',
        'uart_pins': '/soc/gpio@7e200000/uart5_pins',
        'gpio': '/soc/gpio@7e200000',
    },
    'pi5': {
        'overlay': sys.argv[4],
        'uart': '/axi/pcie@1000120000/rp1/serial@40000',
        'uart_pins': '/axi/pcie@1000120000/rp1/gpio@d0000/rp1_uart4_12_13',
        'gpio': '/axi/pcie@1000120000/rp1/gpio@d0000',
    },
}
PARAMETERS = {'boot0': '27', 'nrst': '5', 'label': 'motor', 'chip': 'STM32G431'}


def compile_tree(source, output):
    subprocess.run(['dtc', '-q', '-@', '-I', 'dts', '-O', 'dtb', '-o', output, source], check=True)


class OverlayTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = directory.name

    def path(self, name):
        return os.path.join(self.directory, name)

    def base(self, board):
        compile_tree(os.path.join(DATA, board + '.dts'), self.path('base.dtb'))
        return self.path('base.dtb')

    def merge(self, board, parameters, *more):
        """The board's tree with its overlay and more of them, as {path: {property: bytes}}."""
        overlay, merged = self.path('overlay.dtbo'), self.path('merged.dtb')
        shutil.copy(BOARDS[board]['overlay'], overlay)
        os.chmod(overlay, 0o600)
        for name, value in parameters.items():
            fdt.set_parameter('fdtput', overlay, name, value)
        subprocess.run(['fdtoverlay', '-i', self.base(board), '-o', merged, overlay, *more],
                       check=True)
        return fdt.read(merged)

    def targets(self, nodes):
        """What the daemon finds in the tree."""
        root = tempfile.mkdtemp(dir=self.directory)
        fdt.unpack(nodes, root)
        return subprocess.run([PRINT, root], check=True, capture_output=True,
                              text=True).stdout.splitlines()

    def check(self, board, parameters, pins, strings):
        boot0, nrst = pins
        paths = BOARDS[board]
        nodes = self.merge(board, parameters)

        uart = nodes[paths['uart']]
        self.assertEqual(uart['status'], b'okay\0')
        self.assertEqual(uart['pinctrl-names'], b'default\0')
        pins_node = paths['gpio'] + '/stmboot_pins'
        self.assertEqual([fdt.node_of(nodes, n) for n in fdt.cells(uart['pinctrl-0'])],
                         [paths['uart_pins'], pins_node])

        group = {name: fdt.cells(value) for name, value in nodes[pins_node].items()
                 if name != 'phandle'}
        self.assertEqual(group, {'brcm,pins': [boot0, nrst], 'brcm,function': [0],
                                 'brcm,pull': [1, 2]})

        target = dict(nodes['/stmboot'])
        target.pop('phandle')
        lines = {name: fdt.cells(target.pop(name)) for name in ('boot0-gpios', 'reset-gpios')}
        for controller, *_ in lines.values():
            self.assertEqual(fdt.node_of(nodes, controller), paths['gpio'])
        self.assertEqual({name: line[1:] for name, line in lines.items()},
                         {'boot0-gpios': [boot0, 0], 'reset-gpios': [nrst, 7]})
        self.assertEqual(fdt.node_of(nodes, *fdt.cells(target.pop('uart'))), paths['uart'])
        self.assertEqual(target, {'compatible': b'stmboot,target\0',
                                  **{name: value.encode() + b'\0'
                                     for name, value in strings.items()}})

        self.assertEqual(self.targets(nodes), [
            f'/stmboot: {strings["label"]} port=of:{paths["uart"]} chip={strings.get("chip", "")} '
            f'reset={nrst}@of:{paths["gpio"]} boot0={boot0}@of:{paths["gpio"]}'])

    def test_target_is_there_once_the_overlay_is_loaded(self):
        for board in BOARDS:
            with self.subTest(board):
                self.check(board, {}, (17, 6), {'label': 'mcu'})

    def test_parameters_change_pins_group_and_names(self):
        for board in BOARDS:
            with self.subTest(board):
                self.check(board, PARAMETERS, (27, 5), {'label': 'motor', 'chip': 'STM32G431'})

    def test_each_parameter_stands_alone(self):
        for board in BOARDS:
            for name, pins, label in (('boot0', (27, 6), 'mcu'), ('nrst', (17, 5), 'mcu'),
                                      ('label', (17, 6), 'motor')):
                with self.subTest(board=board, parameter=name):
                    self.check(board, {name: PARAMETERS[name]}, pins, {'label': label})

    def test_overlays_take_no_other_parameters(self):
        for board in BOARDS:
            self.assertEqual(set(fdt.read(BOARDS[board]['overlay'])['/__overrides__']),
                             set(PARAMETERS))
            with self.assertRaises(KeyError):
                self.merge(board, {'reset': '5'})

    def test_nothing_else_in_the_tree_changes(self):
        for board, paths in BOARDS.items():
            with self.subTest(board):
                before, after = fdt.read(self.base(board)), self.merge(board, {})
                ours = {'/stmboot', paths['gpio'] + '/stmboot_pins'}
                self.assertEqual(set(after) - set(before), ours)
                touched = {path for path in before
                           if path != '/__symbols__' and before[path] != after[path]}
                self.assertEqual(touched, {paths['uart']})

    def test_an_overlay_names_its_kind_of_board(self):
        for board, soc in (('pi4', b'brcm,bcm2711\0'), ('pi5', b'brcm,bcm2712\0')):
            self.assertEqual(fdt.read(BOARDS[board]['overlay'])['/']['compatible'], soc)

    def test_several_nodes_are_several_targets(self):
        second = self.path('second.dtbo')
        compile_tree(os.path.join(DATA, 'second-target-overlay.dts'), second)
        gpio = BOARDS['pi4']['gpio']
        self.assertEqual(self.targets(self.merge('pi4', {'label': 'motor'}, second)), [
            f'/pump: pump port=of:/soc/serial@7e201600 chip=STM32G071 '
            f'reset=!23@of:{gpio} boot0=!22@of:{gpio}',
            f'/stmboot: motor port=of:/soc/serial@7e201a00 chip= '
            f'reset=6@of:{gpio} boot0=17@of:{gpio}'])

    def test_the_example_adds_a_second_target(self):
        pump = self.path('pump.dtbo')
        compile_tree(EXAMPLE, pump)
        gpio = BOARDS['pi4']['gpio']
        nodes = self.merge('pi4', {'label': 'motor'}, pump)
        self.assertEqual(self.targets(nodes), [
            f'/pump: pump port=of:/soc/serial@7e201600 chip=STM32G071 '
            f'reset=7@of:{gpio} boot0=22@of:{gpio}',
            f'/stmboot: motor port=of:/soc/serial@7e201a00 chip= '
            f'reset=6@of:{gpio} boot0=17@of:{gpio}'])
        uart = nodes['/soc/serial@7e201600']
        self.assertEqual(uart['status'], b'okay\0')
        self.assertIn(gpio + '/pump_pins',
                      [fdt.node_of(nodes, n) for n in fdt.cells(uart['pinctrl-0'])])

    def test_an_overlay_that_is_loaded_twice_is_one_target(self):
        again = BOARDS['pi4']['overlay']
        self.assertEqual(len(self.targets(self.merge('pi4', {'label': 'motor'}, again))), 1)

    def test_a_tree_without_overlays_has_no_targets(self):
        for board in BOARDS:
            self.assertEqual(self.targets(fdt.read(self.base(board))), [])

    @unittest.skipUnless(shutil.which('dtmerge'), 'dtmerge is not installed')
    def test_dtmerge_agrees(self):
        for board in BOARDS:
            for parameters in ({}, PARAMETERS):
                with self.subTest(board=board, parameters=parameters):
                    merged = self.path('dtmerge.dtb')
                    subprocess.run(['dtmerge', self.base(board), merged, BOARDS[board]['overlay'],
                                    *(f'{name}={value}' for name, value in parameters.items())],
                                   check=True)
                    self.assertEqual(self.targets(fdt.read(merged)),
                                     self.targets(self.merge(board, parameters)))


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1], verbosity=2)
